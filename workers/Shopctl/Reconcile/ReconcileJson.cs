using System.Text.Json.Serialization;
using CardShop.Shop.Reconciliation;

namespace CardShop.Shopctl.Reconcile;

/// <summary>One row of the table. Sums are in fen.</summary>
public sealed record ReconcileRow(string What, string Money, long Count, long Statement, long Shop);

/// <summary>A line that could not be used; line 0 speaks of the whole file.</summary>
public sealed record RefusedLine(string File, long Line, string Reason);

/// <summary>What became of the cases.</summary>
/// <param name="Needed">Findings that need a person.</param>
/// <param name="Filed">Opened now.</param>
/// <param name="Known">Filed by an earlier run.</param>
/// <param name="Refused">The order does not take them: it is archived, say.</param>
/// <param name="Note">Why not all were filed; null where all were.</param>
public sealed record FiledCases(long Needed, long Filed, long Known, long Refused, string? Note);

/// <summary>The report for programs: <c>--json</c>.</summary>
public sealed record ReconcileDocument(
    string Channel, string? Profile, string? Days, bool Clean, long Lines, IReadOnlyList<ReconcileRow> Totals,
    IReadOnlyList<Finding> Findings, long RefusedLines, IReadOnlyList<RefusedLine> Refused, FiledCases Cases, string? Note);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ReconcileDocument))]
internal sealed partial class ReconcileJson : JsonSerializerContext;
