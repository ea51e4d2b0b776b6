using System.CommandLine;
using System.Globalization;
using CardShop.Shopctl.Audit;
using CardShop.Shopctl.Servers;
using CardShop.Shopctl.Settings;
using CardShop.Shopctl.Terminal;
using Npgsql;

namespace CardShop.Shopctl.Backup;

/// <summary><c>shopctl restore drill</c>: restores beside the live system, starts it, audits it, removes it.</summary>
internal static class RestoreDrill
{
    public static Command Create(Session session)
    {
        var label = new Option<string?>("--label") { Description = "That backup alone; without: the newest and all WAL after it.", HelpName = "LABEL" };
        var folder = new Option<string?>("--directory") { Description = "Where the copy may lie (beside the data).", HelpName = "DIR" };
        var drill = new Command(
            "drill",
            """
            Restores into a folder of its own, starts PostgreSQL there on a free port, and audits the copy: the documents, keys
            and counters among themselves as of the copy's last commit, and against the log, where the copy is judged by what it
            had processed. The live system is not touched. Prints how long each step took, and removes the copy.
            """)
        {
            label, folder,
        };
        session.Bind(drill, (servers, arguments, cancellation) => RunAsync(
            session, servers, arguments.GetValue(label), arguments.GetValue(folder), cancellation));
        return drill;
    }

    private static async Task<int> RunAsync(
        Session session, ShopServers servers, string? label, string? folder, CancellationToken cancellation)
    {
        var program = new PgBackRest(BackupSettings.From(session.Settings), session.Time);
        await servers.RequireLogAsync(cancellation);
        var target = await RestoreCommand.TargetAsync(program, label, null, cancellation);
        var live = program.Settings.DataDirectory;
        var copy = (folder is null ? live : Path.Combine(Path.GetFullPath(folder), "cardshop")) + string.Create(
            CultureInfo.InvariantCulture, $".drill-{Environment.ProcessId}");
        try
        {
            foreach (var made in new[] { copy, copy + ".lock" })
            {
                await RestoreCommand.MakeFolderAsync(
                    program.Settings, made, Directory.Exists(live) ? live : program.Settings.Config, cancellation);
            }

            return await DrillAsync(session, program, target, copy, cancellation);
        }
        finally
        {
            Remove(copy);
        }
    }

    private static async Task<int> DrillAsync(
        Session session, PgBackRest program, RestoreTarget target, string copy, CancellationToken cancellation)
    {
        var began = session.Time.GetTimestamp();
        await WorkProgress.RunAsync(session.Screen, session.Time, "restore", report => program.WorkAsync(
            ["restore", "--pg1-path=" + copy, "--archive-mode=off", $"--lock-path={copy}.lock", .. target.Arguments], report, cancellation));
        var restored = session.Time.GetElapsedTime(began);
        session.Screen.Note("PostgreSQL replays WAL on the copy …");
        await using var server = await RestoredServer.StartAsync(
            program.Settings, copy, session.Settings.Postgres, session.Time, cancellation);
        var started = session.Time.GetElapsedTime(began);
        session.Screen.Note("The copy is audited …");
        await using var servers = new ShopServers(
            session.Settings.With(ShopctlSettings.PostgresName, server.ConnectionString), session.Time);
        var state = await StateAsync(servers.Database, target, cancellation);
        var report = await new AuditRunner(servers, TimeSpan.FromMinutes(2), state.At).RunAsync(cancellation);
        var audited = session.Time.GetElapsedTime(began);
        AuditCommand.Show(session, report, audited - started);
        Show(session, target, state, restored, started, audited, report.IsClean);
        NpgsqlConnection.ClearAllPools();
        return report.IsClean ? ExitCodes.Ok : ExitCodes.Failed;
    }

    private static void Show(
        Session session, RestoreTarget target, CopyState state, TimeSpan restored, TimeSpan started, TimeSpan audited, bool isClean)
    {
        var table = Screen.Table("step", "#took");
        Screen.Row(table, "restore of the files", Seconds(restored));
        Screen.Row(table, "PostgreSQL's start with replay of WAL", Seconds(started - restored));
        Screen.Row(table, "audit of the copy", Seconds(audited - started));
        Screen.Row(table, "all", Seconds(audited));
        session.Screen.Show(table);
        session.Screen.Line(string.Create(
            CultureInfo.InvariantCulture,
            $"Restored: {target.Text}: {state.Orders:N0} orders, commit {state.CommitNo:N0}, last transaction {BackupRun.Time(state.At)}."));
        session.Screen.Line(string.Create(
            CultureInfo.InvariantCulture,
            $"Recovery time so far {Seconds(started)} of the goal's 4 h; 'shopctl recover' adds its own. Recovery point with it 0 s, goal < 1 h: " +
            $"PostgreSQL alone comes back as of {BackupRun.Time(state.At)}, the rest is in the log."));
        session.Screen.Line(isClean ? "Drill passed: the copy starts and holds every invariant that can be asked of it." : "DRILL FAILED: see the violations.");
    }

    /// <summary>The audit's time-bound questions are asked as of the copy's last transaction.</summary>
    private static async Task<CopyState> StateAsync(NpgsqlDataSource database, RestoreTarget target, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            """
            SELECT greatest(pg_last_xact_replay_timestamp(), $1), (SELECT n FROM shop.commit_no),
                (SELECT count(*) FROM shop.mt_doc_paymentsaga) + (SELECT count(*) FROM shop.archive)
            """);
        command.CommandTimeout = 0;
        command.Parameters.Add(new() { Value = target.Backup.StoppedAt.ToUniversalTime() });
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        await reader.ReadAsync(cancellation);
        return new(await reader.GetFieldValueAsync<DateTimeOffset>(0, cancellation), reader.GetInt64(1), reader.GetInt64(2));
    }

    private static void Remove(string copy)
    {
        foreach (var folder in new[] { copy, copy + ".lock" })
        {
            // A process of the copy may still be dying, and its last file appear while the folder is being emptied.
            for (var tries = 0; Directory.Exists(folder) && tries < 5; tries++)
            {
                try
                {
                    Directory.Delete(folder, recursive: true);
                }
                catch (IOException) when (tries < 4)
                {
                    // Once more.
                }
            }
        }
    }

    private static string Seconds(TimeSpan time) => string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:F1} s");

    /// <param name="At">When its last transaction was committed.</param>
    private sealed record CopyState(DateTimeOffset At, long CommitNo, long Orders);
}
