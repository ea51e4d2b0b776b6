using System.CommandLine;
using System.Globalization;
using CardShop.Shop.Store;
using CardShop.Shopctl.Servers;
using CardShop.Shopctl.Settings;
using CardShop.Shopctl.Terminal;
using Npgsql;

namespace CardShop.Shopctl.Lag;

/// <summary><c>shopctl lag</c>: what is waiting, and where.</summary>
public static class LagCommand
{
    public static Command Create(Session session)
    {
        var lag = new Command(
            "lag",
            "Records that each fleet has still to process, per partition; unsent outbox rows; sagas whose time has come; what is kept for other regions.");
        session.Bind(lag, async (servers, _, cancellation) =>
        {
            await servers.RequireDatabaseAsync(cancellation);
            await servers.RequireLogAsync(cancellation);
            await PartitionsAsync(session, servers, cancellation);
            await WaitingAsync(session, servers.Database, cancellation);
            await ForeignAsync(session, servers.Database, cancellation);
            return ExitCodes.Ok;
        });
        return lag;
    }

    /// <summary>Progress is read before the log's ends: a difference is never negative in a healthy shop.</summary>
    private static async Task PartitionsAsync(Session session, ShopServers servers, CancellationToken cancellation)
    {
        var progress = await ProgressTable.ReadAsync(servers.Database, cancellation);
        var ends = await servers.Log.EndsAsync([.. FleetGroups.All.SelectMany(g => g.Topics)], cancellation);
        var table = Screen.Table("group", "topic", "#partition", "#log end", "#progress", "#behind");
        long allEnds = 0, allDone = 0;
        foreach (var group in FleetGroups.All)
        {
            foreach (var (partition, end) in ends.Where(e => group.Topics.Any(t => t.Name == e.Key.Topic)).OrderBy(e => e.Key))
            {
                var done = progress.GetValueOrDefault((group.Name, partition));
                allEnds += end;
                allDone += done;
                Screen.Row(
                    table, group.Name, partition.Topic, Number(partition.Partition), Number(end), Number(done),
                    Number(end - done));
            }
        }

        Screen.Row(table, "all", "", "", Number(allEnds), Number(allDone), Number(allEnds - allDone));
        session.Screen.Show(table);
    }

    private static async Task WaitingAsync(Session session, NpgsqlDataSource database, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            """
            SELECT (SELECT count(*) FROM shop.outbox),
                   (SELECT coalesce(extract(epoch FROM clock_timestamp() - min(created_at)), 0)::float8 FROM shop.outbox),
                   (SELECT count(*) FROM shop.mt_doc_paymentsaga WHERE due <= $1),
                   (SELECT count(*) FROM shop.mt_doc_deliverysaga WHERE due <= $1),
                   (SELECT count(*) FROM shop.parked),
                   (SELECT count(*) FROM shop.mails WHERE due IS NOT NULL),
                   (SELECT count(*) FROM shop.mails WHERE state = 'failed')
            """);
        command.Parameters.Add(new() { Value = session.Time.GetUtcNow() });
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        await reader.ReadAsync(cancellation);
        var table = Screen.Table("waiting", "#count", "#oldest, s");
        Screen.Row(
            table, "outbox rows", Number(reader.GetInt64(0)),
            reader.GetDouble(1).ToString("F1", CultureInfo.InvariantCulture));
        Screen.Row(table, "payment sagas overdue", Number(reader.GetInt64(2)), "");
        Screen.Row(table, "delivery sagas overdue", Number(reader.GetInt64(3)), "");
        Screen.Row(table, "parked messages", Number(reader.GetInt64(4)), "");
        Screen.Row(table, "mails to buyers", Number(reader.GetInt64(5)), "");
        Screen.Row(table, "mails given up", Number(reader.GetInt64(6)), "");
        session.Screen.Show(table);
    }

    /// <summary>Nothing is shown where nothing is kept: most shops are one region.</summary>
    private static async Task ForeignAsync(Session session, NpgsqlDataSource database, CancellationToken cancellation)
    {
        var kept = await ForeignInputs.ReadAsync(database, cancellation);
        if (kept.Count == 0)
        {
            return;
        }

        var table = Screen.Table("kept for region", "topic", "#records", "first", "last");
        foreach (var row in kept)
        {
            Screen.Row(table, row.Region, row.Topic, Number(row.Records), Time(row.FirstAt), Time(row.LastAt));
        }

        session.Screen.Show(table);
    }

    private static string Time(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture);

    private static string Number(long value) => value.ToString("N0", CultureInfo.InvariantCulture);
}
