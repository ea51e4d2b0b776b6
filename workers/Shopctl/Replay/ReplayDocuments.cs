using System.Text.Json.Serialization;
using CardShop.Shop.Replay;

namespace CardShop.Shopctl.Replay;

/// <summary>The report for programs: <c>--json</c>.</summary>
/// <param name="Records">Of the range, as far as it was processed.</param>
public sealed record ReplayDocument(
    string Asked, bool DryRun, bool Finished, long Records, long AlreadyDone, long Changed,
    IReadOnlyList<string> ChangedIds, long Refused, IReadOnlyList<RefusedRecord> RefusedRecords, long Archived,
    long PassedOver, double? RecordsPerSecond);

/// <summary>A replay that is not finished, for programs.</summary>
/// <param name="Done">Of <paramref name="Records"/>.</param>
public sealed record ReplayRow(string Id, string Asked, DateTimeOffset StartedAt, string Operator, long Done, long Records);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ReplayDocument))]
[JsonSerializable(typeof(IReadOnlyList<ReplayRow>))]
internal sealed partial class ReplayDocuments : JsonSerializerContext;
