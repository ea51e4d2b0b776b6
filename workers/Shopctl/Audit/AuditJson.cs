using System.Text.Json.Serialization;

namespace CardShop.Shopctl.Audit;

/// <summary>What is read of an order's input; the rest is skipped unread.</summary>
public sealed record OrderHead(string? OrderId);

/// <summary>A row of the report as a file.</summary>
public sealed record AuditRow(
    int Invariant, string Title, string Checked, long Rows, long Violations, string Verdict, string? Skipped,
    IReadOnlyList<string> Examples, IReadOnlyList<string> Notes);

/// <summary>The report as a file.</summary>
public sealed record AuditDocument(DateTimeOffset At, bool Clean, IReadOnlyList<AuditRow> Invariants);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(OrderHead))]
[JsonSerializable(typeof(NotificationHead))]
[JsonSerializable(typeof(AuditDocument))]
internal sealed partial class AuditJson : JsonSerializerContext;
