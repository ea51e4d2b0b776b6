using System.Text.Json;
using CardShop.Contracts;
using CardShop.Shop.Operators;
using CardShop.Shopctl.Settings;

namespace CardShop.Shopctl.Operators;

/// <summary>
/// What was done to the secrets and operators of a folder that no Kafka belongs to: that of the trusted machine, where an
/// installation's secrets are made before there is a log, and renewed later. A line of JSON per entry, as the audit has them.
/// <para>
/// It begins with the folder's first operator, where no Kafka is set, or never. So the folder of a machine with a log has none,
/// and taking the setting away there leads round nothing: what cannot be audited is not done.
/// </para>
/// </summary>
public static class FolderJournal
{
    /// <summary>It stays on its machine: no process reads it.</summary>
    public const string Name = "deeds-without-log.jsonl";

    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Deeds that touch the folder and nothing else.</summary>
    private static readonly HashSet<string> Covered = new(
        new[]
        {
            OperatorActions.SecretsInit, OperatorActions.SecretsRotate, OperatorActions.OperatorsAdd, OperatorActions.OperatorsRemove,
            OperatorActions.OperatorsRole,
        }.Select(a => a.Name),
        StringComparer.Ordinal);

    /// <summary>Where a deed is noted instead of on shop.audit.v1; null: there, as every other.</summary>
    public static string? For(ShopctlSettings settings, OperatorAction action) =>
        !settings.HasKafka && Covered.Contains(action.Name) && PathOf(settings) is var path && File.Exists(path) ? path : null;

    /// <summary>Begins it, with the folder's first operator. Null where there is a Kafka, whose audit takes the entry.</summary>
    public static string? Begin(ShopctlSettings settings) => settings.HasKafka ? null : PathOf(settings);

    /// <summary>Returns when the line is on the disk.</summary>
    public static async Task WriteAsync(string path, AuditEntry entry, CancellationToken cancellation)
    {
        var options = new FileStreamOptions { Mode = FileMode.Append, Access = FileAccess.Write, Share = FileShare.Read };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = Private;
        }

        await using var file = new FileStream(path, options);
        byte[] line = [.. JsonSerializer.SerializeToUtf8Bytes(entry, ContractsJson.Default.AuditEntry), (byte)'\n'];
        await file.WriteAsync(line, cancellation);
        await file.FlushAsync(cancellation);
        RandomAccess.FlushToDisk(file.SafeFileHandle);
    }

    private static string PathOf(ShopctlSettings settings) => Path.Combine(settings.SecretsDirectory, Name);
}
