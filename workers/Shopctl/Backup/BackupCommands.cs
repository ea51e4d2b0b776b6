using System.CommandLine;
using System.Globalization;
using CardShop.Shop.Housekeeping;
using CardShop.Shop.Operators;
using CardShop.Shopctl.Operators;
using CardShop.Shopctl.Servers;
using CardShop.Shopctl.Settings;
using CardShop.Shopctl.Terminal;
using Npgsql;

namespace CardShop.Shopctl.Backup;

/// <summary><c>shopctl backup</c>: PostgreSQL by pgBackRest, and what lies around it.</summary>
public static class BackupCommands
{
    public static Command Create(Session session)
    {
        var full = new Option<bool>("--full") { Description = "The whole database." };
        var incremental = new Option<bool>("--incr") { Description = "What changed since the last backup (the default, where there is one)." };
        var backup = new Command(
            "backup",
            """
            Backs PostgreSQL up with pgBackRest, on the host of PostgreSQL. Beside each backup the repository gets a file with
            settings (no secret's value), topics and positions: metadata/STANZA/LABEL.json. The secrets themselves are not in
            it: keep Secrets__Directory in a safe of its own.
            """)
        {
            full, incremental, Init(session), List(session), Verify(session), Schedule(session), NoteCommand.Create(session),
        };
        backup.Takes(OperatorActions.Backup);
        backup.Validators.Add(result =>
        {
            if (result.GetValue(full) && result.GetValue(incremental))
            {
                result.AddError("Say --full or --incr, not both.");
            }
        });
        session.Bind(backup, (servers, arguments, cancellation) => BackupRun.RunAsync(
            session, servers, arguments.GetValue(full) ? "full" : "incr", cancellation));
        return backup;
    }

    private static Command Init(Session session)
    {
        var warnOnly = new Option<bool>("--warn-only") { Description = "Says what is wrong, and ends with 0 all the same." };
        var init = new Command("init", "Makes the stanza in the repository; a new server of the same name joins it.") { warnOnly };
        session.Bind(init, async (arguments, cancellation) =>
        {
            try
            {
                var program = new PgBackRest(BackupSettings.From(session.Settings), session.Time);
                await InitAsync(program, session.Screen, cancellation);
                return ExitCodes.Ok;
            }
            catch (ShopctlException e) when (arguments.GetValue(warnOnly))
            {
                session.Screen.Error("There will be no backups: " + e.Message);
                return ExitCodes.Ok;
            }
        });
        return init;
    }

    private static async Task InitAsync(PgBackRest program, Screen screen, CancellationToken cancellation)
    {
        try
        {
            await program.AskAsync(["stanza-create"], cancellation);
            screen.Line($"Stanza {program.Settings.Stanza} is there.");
        }
        catch (ShopctlException) when (!cancellation.IsCancellationRequested)
        {
            // Another server than the stanza knows: made anew, or of another version. Its backups join the older ones.
            await program.AskAsync(["stanza-upgrade"], cancellation);
            screen.Line($"Stanza {program.Settings.Stanza} has taken this server in; the backups of the one before stay. Next: shopctl backup --full.");
        }
    }

    private static Command List(Session session)
    {
        var check = new Option<bool>("--check")
        {
            Description = "Exit code 1 where no full backup is younger than 8 days or none at all younger than 26 hours.",
        };
        var list = new Command("list", "Backups in the repository, and how old what they would bring back is.") { check };
        session.Bind(list, async (servers, arguments, cancellation) =>
        {
            var program = new PgBackRest(BackupSettings.From(session.Settings), session.Time);
            var info = await program.InfoAsync(cancellation);
            var now = session.Time.GetUtcNow();
            var table = Screen.Table("label", "kind", "ended", "#database", "#stored", "WAL", "#commit");
            foreach (var backup in info.Backups)
            {
                Screen.Row(
                    table, backup.Label, backup.Kind, BackupRun.Time(backup.StoppedAt), BackupRun.Bytes(backup.Size),
                    BackupRun.Bytes(backup.Stored), $"{backup.WalStart} … {backup.WalStop}{(backup.Damaged ? " DAMAGED" : "")}",
                    backup.Position is { } position ? BackupRun.Number(position.CommitNo) : "unknown: nothing is trimmed");
            }

            session.Screen.Show(table);
            if (info.Problem is { } problem)
            {
                session.Screen.Line("pgBackRest: " + problem);
            }

            await ArchivingAsync(session, servers, info, cancellation);
            var behind = BackupSchedule.Behind(info.Backups, now);
            session.Screen.Line(behind ?? "The schedule is kept: a full backup within 8 days, one of any kind within 26 hours.");
            return arguments.GetValue(check) && behind is not null ? ExitCodes.Failed : ExitCodes.Ok;
        });
        return list;
    }

    /// <summary>What a loss of the server would cost; the list in the database is brought in line on the way.</summary>
    private static async Task ArchivingAsync(
        Session session, ShopServers servers, RepositoryInfo info, CancellationToken cancellation)
    {
        try
        {
            await servers.RequireDatabaseAsync(cancellation);
        }
        catch (ShopctlException e) when (e.ExitCode == ExitCodes.Unreachable)
        {
            session.Screen.Note(e.Message);
            return;
        }

        await KeptBackupStore.ReplaceAsync(servers.Database, [.. info.Backups.Select(b => b.ToKept())], cancellation);
        await using var command = servers.Database.CreateCommand(
            "SELECT last_archived_time, failed_count, last_failed_time > coalesce(last_archived_time, '-infinity') FROM pg_stat_archiver");
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellation);
        await reader.ReadAsync(cancellation);
        var last = await reader.IsDBNullAsync(0, cancellation)
            ? null
            : BackupRun.Time(await reader.GetFieldValueAsync<DateTimeOffset>(0, cancellation));
        session.Screen.Line(
            (last is null
                ? "No WAL was archived yet: PostgreSQL alone would bring back what the backups hold. "
                : $"WAL was last archived {last}: that much PostgreSQL alone would bring back. ") +
            "The log brings back the rest ('shopctl recover'): recovery point 0 s, goal < 1 h.");
        if (!await reader.IsDBNullAsync(2, cancellation) && reader.GetBoolean(2))
        {
            session.Screen.Line(string.Create(
                CultureInfo.InvariantCulture,
                $"WAL IS NOT BEING ARCHIVED: the last try failed ({reader.GetInt64(1):N0} so far); PostgreSQL's log says why. Its disk fills up."));
        }
    }

    private static Command Verify(Session session)
    {
        var verify = new Command(
            "verify", "Reads every backup and WAL segment of the repository against its checksum, and has PostgreSQL archive a segment.");
        session.Bind(verify, async (servers, arguments, cancellation) =>
        {
            var program = new PgBackRest(BackupSettings.From(session.Settings), session.Time);
            session.Screen.Note("Reading the repository …");
            // It ends with 0 whatever it finds: what it says counts.
            var said = await program.AskAsync(["verify", "--output=text", "--verbose"], cancellation);
            session.Screen.Line(said.TrimEnd());
            if (!VerifyReport.IsGood(said))
            {
                session.Screen.Line("DAMAGED: a restore may fail. Make a full backup now, then look for the damaged part's cause.");
                return ExitCodes.Failed;
            }

            await servers.RequireDatabaseAsync(cancellation);
            await program.AskAsync(["check"], cancellation);
            session.Screen.Line("check: PostgreSQL has archived a segment, and it has arrived.");
            return ExitCodes.Ok;
        });
        return verify;
    }

    private static Command Schedule(Session session)
    {
        var format = new Option<string>("--format") { Description = "cron, systemd or k8s.", DefaultValueFactory = _ => "cron" };
        format.AcceptOnlyFromAmong("cron", "systemd", "k8s");
        var schedule = new Command(
            "schedule", "Prints what makes the backups of document B 11.5 happen: weekly full, daily incremental, verified weekly.")
        {
            format,
        };
        session.Bind(schedule, (arguments, _) =>
        {
            session.Screen.Line(BackupSchedule.Text(arguments.GetValue(format)!));
            return Task.FromResult(ExitCodes.Ok);
        });
        return schedule;
    }
}
