using System.Text.Json.Serialization;

namespace CardShop.Shop.Housekeeping;

/// <summary>How far a consumer group had come.</summary>
public sealed record GroupOffset(string Group, string Topic, int Partition, long NextOffset);

/// <summary>
/// A backup of PostgreSQL that can still be restored, with where the database stood just before it began: whatever is
/// restored from it is at least as new.
/// </summary>
/// <param name="Label">pgBackRest's name of it.</param>
/// <param name="Kind"><c>full</c>, <c>diff</c> or <c>incr</c>.</param>
/// <param name="CommitNo">Null where it is not known: then nothing is known to be dispensable.</param>
/// <param name="Progress">Null where it is not known.</param>
public sealed record KeptBackup(
    string Label, string Kind, DateTimeOffset StartedAt, DateTimeOffset StoppedAt, long? CommitNo,
    IReadOnlyList<GroupOffset>? Progress);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(IReadOnlyList<GroupOffset>))]
internal sealed partial class HousekeepingJson : JsonSerializerContext;
