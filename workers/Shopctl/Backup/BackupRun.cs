using System.Globalization;
using System.Text.Json;
using CardShop.Shop.Housekeeping;
using CardShop.Shop.Operators;
using CardShop.Shopctl.Servers;
using CardShop.Shopctl.Settings;
using CardShop.Shopctl.Terminal;

namespace CardShop.Shopctl.Backup;

/// <summary>One backup: where the database stands, then pgBackRest, then what lies around the database.</summary>
internal static class BackupRun
{
    public static async Task<int> RunAsync(Session session, ShopServers servers, string kind, CancellationToken cancellation)
    {
        var program = new PgBackRest(BackupSettings.From(session.Settings), session.Time);
        await servers.RequireDatabaseAsync(cancellation);
        await using var grant = await session.Operators.RequireAsync(
            OperatorActions.Backup, program.Settings.Stanza, null, [("kind", kind)], cancellation);
        var started = session.Time.GetTimestamp();
        // Before the backup begins: what it will hold is at least as new.
        var position = await KeptBackupStore.PositionAsync(servers.Database, cancellation);
        var before = (await program.InfoAsync(cancellation)).Backups.Select(b => b.Label).ToHashSet();
        var noted = JsonSerializer.Serialize(new(position.CommitNo, position.Progress), BackupJson.Default.BackupPosition);
        await WorkProgress.RunAsync(session.Screen, session.Time, "backup", report => program.WorkAsync(
            ["backup", "--type=" + kind, $"--annotation={RepositoryInfo.PositionKey}={noted}"], report, cancellation));
        var info = await program.InfoAsync(cancellation);
        var made = info.Backups.LastOrDefault(b => !before.Contains(b.Label))
            ?? throw new ShopctlException(ExitCodes.Failed, "pgBackRest has ended well, and its list has no new backup. See 'shopctl backup list'.");
        var metadata = await MetadataReader.ReadAsync(servers, made, position, session.Screen.Note, cancellation);
        await program.AskAsync(
            ["repo-put", "--raw", PathOf(program, made.Label)], cancellation,
            JsonSerializer.Serialize(metadata, BackupMetadataJson.Default.BackupMetadata));
        await RemoveOldAsync(program, info, cancellation);
        await KeptBackupStore.ReplaceAsync(servers.Database, [.. info.Backups.Select(b => b.ToKept())], cancellation);
        await grant.DoneAsync(null, made.Label, cancellation);
        Show(session, made, session.Time.GetElapsedTime(started), program);
        return ExitCodes.Ok;
    }

    public static string Time(DateTimeOffset time) =>
        time.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    public static string Number(long value) => value.ToString("N0", CultureInfo.InvariantCulture);

    public static string Bytes(long value) => value switch
    {
        >= 1L << 30 => string.Create(CultureInfo.InvariantCulture, $"{value / (double)(1L << 30):F1} GiB"),
        >= 1L << 20 => string.Create(CultureInfo.InvariantCulture, $"{value / (double)(1L << 20):F1} MiB"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{value / 1024.0:F1} KiB"),
    };

    private static string Folder(PgBackRest program) => "metadata/" + program.Settings.Stanza;

    private static string PathOf(PgBackRest program, string label) => $"{Folder(program)}/{label}.json";

    /// <summary>Metadata of backups that have expired goes with them.</summary>
    private static async Task RemoveOldAsync(PgBackRest program, RepositoryInfo info, CancellationToken cancellation)
    {
        var present = await program.AskAsync(["repo-ls", Folder(program)], cancellation);
        var kept = info.Backups.Select(b => b.Label + ".json").ToHashSet();
        foreach (var name in present.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Where(n => n.EndsWith(".json", StringComparison.Ordinal) && !kept.Contains(n)))
        {
            await program.AskAsync(["repo-rm", $"{Folder(program)}/{name}"], cancellation);
        }
    }

    private static void Show(Session session, BackupEntry made, TimeSpan took, PgBackRest program)
    {
        var table = Screen.Table("label", "kind", "#database", "#stored", "#took", "WAL");
        Screen.Row(
            table, made.Label, made.Kind, Bytes(made.Size), Bytes(made.Stored),
            string.Create(CultureInfo.InvariantCulture, $"{took.TotalSeconds:F1} s"), $"{made.WalStart} … {made.WalStop}");
        session.Screen.Show(table);
        session.Screen.Line(
            $"Beside it in the repository: {PathOf(program, made.Label)}. At its start: commit {Number(made.Position?.CommitNo ?? 0)}.");
    }
}
