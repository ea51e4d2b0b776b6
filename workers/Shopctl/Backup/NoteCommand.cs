using System.CommandLine;
using System.Globalization;
using CardShop.Shop.Housekeeping;
using CardShop.Shop.Operators;
using CardShop.Shopctl.Operators;
using CardShop.Shopctl.Settings;
using CardShop.Shopctl.Terminal;

namespace CardShop.Shopctl.Backup;

/// <summary>
/// <c>shopctl backup note</c>: where the database stands before somebody else (CloudNativePG, a cloud's snapshots) backs it up.
/// Housekeeping trims the log only below what every kept backup holds; of a backup without a note it would know nothing.
/// </summary>
public static class NoteCommand
{
    private const string Kind = "noted";

    public static Command Create(Session session)
    {
        var keep = new Option<int>("--keep-days")
        {
            Description = "Notes older than this are dropped: longer than the oldest of those backups is kept (40).",
            DefaultValueFactory = _ => 40,
            HelpName = "N",
        };
        var note = new Command(
            "note",
            "Notes where the database stands, just before a backup that is made by other means than this command. The log is trimmed " +
            "below the oldest note. Not beside backups by pgBackRest: 'backup' and 'backup list' drop what its repository does not hold.")
        {
            keep,
        };
        note.Takes(OperatorActions.Backup);
        session.Bind(note, async (servers, arguments, cancellation) =>
        {
            var days = arguments.GetValue(keep) is >= 1 and <= 3_650 and var n
                ? n : throw new ShopctlException(ExitCodes.Usage, "--keep-days must be 1 to 3650.");
            await servers.RequireDatabaseAsync(cancellation);
            var now = session.Time.GetUtcNow();
            var label = Kind + "-" + now.UtcDateTime.ToString("yyyyMMdd-HHmmss", CultureInfo.InvariantCulture);
            await using var grant = await session.Operators.RequireAsync(OperatorActions.Backup, label, null, [], cancellation);
            var position = await KeptBackupStore.PositionAsync(servers.Database, cancellation);
            var kept = Keep(await KeptBackupStore.ReadAsync(servers.Database, cancellation), now - TimeSpan.FromDays(days));
            await KeptBackupStore.ReplaceAsync(
                servers.Database, [.. kept, new(label, Kind, now, now, position.CommitNo, position.Progress)], cancellation);
            await grant.DoneAsync(null, string.Create(CultureInfo.InvariantCulture, $"commit {position.CommitNo}"), cancellation);
            session.Screen.Line(string.Create(
                CultureInfo.InvariantCulture, $"Noted: {label}, commit {position.CommitNo}; {kept.Count + 1} notes are kept."));
            return ExitCodes.Ok;
        });
        return note;
    }

    /// <summary>What stays of a list: notes that are young enough, and whatever was not noted here.</summary>
    public static IReadOnlyList<KeptBackup> Keep(IReadOnlyList<KeptBackup> backups, DateTimeOffset since) =>
        [.. backups.Where(b => b.Kind != Kind || b.StartedAt >= since)];
}
