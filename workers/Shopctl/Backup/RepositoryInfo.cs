using System.Text.Json;
using System.Text.Json.Serialization;
using CardShop.Shop.Housekeeping;
using CardShop.Shopctl.Settings;

namespace CardShop.Shopctl.Backup;

/// <summary>Where the database stood just before a backup began; travels with the backup as its annotation.</summary>
public sealed record BackupPosition(long CommitNo, IReadOnlyList<GroupOffset> Progress);

/// <summary>A backup in the repository.</summary>
/// <param name="Size">Bytes of the database.</param>
/// <param name="Stored">Bytes that this backup alone takes in the repository.</param>
/// <param name="WalStart">The first segment that a restore of it needs.</param>
/// <param name="WalStop">The segment at which it is consistent.</param>
/// <param name="Position">Null where it was not made by <c>shopctl backup</c>.</param>
public sealed record BackupEntry(
    string Label, string Kind, DateTimeOffset StartedAt, DateTimeOffset StoppedAt, long Size, long Stored, string WalStart,
    string WalStop, BackupPosition? Position, bool Damaged)
{
    public KeptBackup ToKept() => new(Label, Kind, StartedAt, StoppedAt, Position?.CommitNo, Position?.Progress);
}

/// <summary>What <c>pgbackrest info</c> says about a stanza.</summary>
/// <param name="Backups">The oldest first.</param>
/// <param name="Problem">Its own words where the stanza is not well; null otherwise.</param>
public sealed record RepositoryInfo(IReadOnlyList<BackupEntry> Backups, string? Problem)
{
    /// <summary>The annotation that holds the <see cref="BackupPosition"/>.</summary>
    public const string PositionKey = "position";

    /// <param name="json">The output of <c>pgbackrest info --output=json</c>.</param>
    public static RepositoryInfo Parse(string json, string stanza)
    {
        StanzaInfo? info;
        try
        {
            info = JsonSerializer.Deserialize(json, BackupJson.Default.ListStanzaInfo)?.FirstOrDefault(s => s.Name == stanza);
        }
        catch (JsonException e)
        {
            throw new ShopctlException(ExitCodes.Failed, "The answer of 'pgbackrest info' cannot be read. Version 2.45 or later is needed.", e);
        }

        return info is null
            ? new([], $"no stanza {stanza}")
            : new(
                [.. (info.Backup ?? []).Select(ToEntry).OrderBy(b => b.StoppedAt).ThenBy(b => b.Label, StringComparer.Ordinal)],
                info.Status is { Code: not 0 } status ? status.Message : null);
    }

    private static BackupEntry ToEntry(BackupInfo backup) => new(
        backup.Label, backup.Type, DateTimeOffset.FromUnixTimeSeconds(backup.Timestamp.Start),
        DateTimeOffset.FromUnixTimeSeconds(backup.Timestamp.Stop), backup.Info.Size, backup.Info.Repository.Delta,
        backup.Archive.Start ?? "-", backup.Archive.Stop ?? "-", Position(backup.Annotation), backup.Error ?? false);

    private static BackupPosition? Position(Dictionary<string, string>? annotations)
    {
        try
        {
            return annotations?.GetValueOrDefault(PositionKey) is { } text
                ? JsonSerializer.Deserialize(text, BackupJson.Default.BackupPosition)
                : null;
        }
        catch (JsonException)
        {
            return null; // Not ours: nothing is known, and nothing is trimmed because of it.
        }
    }
}

internal sealed record StanzaInfo(string Name, List<BackupInfo>? Backup, StanzaStatus? Status);

internal sealed record StanzaStatus(int Code, string Message);

internal sealed record BackupInfo(
    string Label, string Type, BackupTimes Timestamp, BackupSizes Info, BackupWal Archive, bool? Error,
    Dictionary<string, string>? Annotation);

internal sealed record BackupTimes(long Start, long Stop);

internal sealed record BackupSizes(long Size, BackupStored Repository);

internal sealed record BackupStored(long Delta);

internal sealed record BackupWal(string? Start, string? Stop);

/// <summary>How a topic was set up, and how far it reached.</summary>
/// <param name="Offsets">First kept and next offset, by partition.</param>
public sealed record TopicMetadata(
    string Name, int Partitions, bool Compacted, IReadOnlyDictionary<string, string> Configs, IReadOnlyList<IReadOnlyList<long>> Offsets);

/// <summary>A secret that the installation needs: which, and how to tell whether another file is the same. Never its value.</summary>
public sealed record SecretMetadata(string Name, string Sha256);

/// <summary>What lies beside a backup in the repository: what is needed around the database.</summary>
/// <param name="Topics">Null where Kafka could not be asked.</param>
public sealed record BackupMetadata(
    string Label, string Kind, DateTimeOffset StartedAt, DateTimeOffset StoppedAt, string Schema, BackupPosition Position,
    IReadOnlyDictionary<string, string> Settings, IReadOnlyList<TopicMetadata>? Topics, IReadOnlyList<SecretMetadata> Secrets);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(List<StanzaInfo>))]
[JsonSerializable(typeof(BackupPosition))]
internal sealed partial class BackupJson : JsonSerializerContext;

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, WriteIndented = true)]
[JsonSerializable(typeof(BackupMetadata))]
internal sealed partial class BackupMetadataJson : JsonSerializerContext;
