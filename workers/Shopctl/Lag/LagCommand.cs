using System.CommandLine;
using System.Globalization;
using CardShop.Shop.Store;
using CardShop.Shop.Telemetry;
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
        var all = new Option<bool>("--all") { Description = "Every partition, also where nothing waits." };
        var lag = new Command(
            "lag",
            "What each fleet has still to process, for how long the oldest has waited, and how many processes do the work; unsent outbox rows; sagas whose time has come; what is kept for other regions.")
        {
            all,
        };
        session.Bind(lag, async (servers, result, cancellation) =>
        {
            await servers.RequireDatabaseAsync(cancellation);
            await servers.RequireLogAsync(cancellation);
            await FleetsAsync(session, servers, result.GetValue(all), cancellation);
            await WaitingAsync(session, servers.Database, cancellation);
            await ForeignAsync(session, servers.Database, cancellation);
            return ExitCodes.Ok;
        });
        return lag;
    }

    /// <summary>Progress is read before the log's ends: a difference is never negative in a healthy shop.</summary>
    private static async Task FleetsAsync(Session session, ShopServers servers, bool all, CancellationToken cancellation)
    {
        var progress = await ProgressTable.ReadAsync(servers.Database, cancellation);
        var ends = await servers.Log.EndsAsync([.. FleetGroups.All.SelectMany(g => g.Topics)], cancellation);
        var members = await servers.Groups.MembersAsync([.. FleetGroups.All.Select(g => g.Name)], cancellation);
        var ages = await new QueueAges(servers.Ranges).LookAsync(
            session.Time.GetUtcNow(), ends, FleetGroups.Partitions, progress, cancellation);
        var rows = FleetGroups.Partitions.Select(
            w => (w.Group, w.Partition, End: ends.GetValueOrDefault(w.Partition), Done: progress.GetValueOrDefault(w))).ToList();

        var fleets = Screen.Table("fleet", "#processes", "#log end", "#progress", "#behind", "#oldest, s");
        foreach (var fleet in rows.GroupBy(r => r.Group))
        {
            Screen.Row(
                fleets, fleet.Key, Number(members.GetValueOrDefault(fleet.Key)), Number(fleet.Sum(r => r.End)),
                Number(fleet.Sum(r => r.Done)), Number(fleet.Sum(r => r.End - r.Done)), Seconds(ages[fleet.Key]));
        }

        Screen.Row(
            fleets, "all", "", Number(rows.Sum(r => r.End)), Number(rows.Sum(r => r.Done)), Number(rows.Sum(r => r.End - r.Done)),
            Seconds(ages.Values.Max()));
        session.Screen.Show(fleets);
        if (rows.Where(r => all || r.End != r.Done).ToList() is { Count: > 0 } shown)
        {
            var table = Screen.Table("fleet", "topic", "#partition", "#log end", "#progress", "#behind");
            foreach (var (group, partition, end, done) in shown)
            {
                Screen.Row(table, group, partition.Topic, Number(partition.Partition), Number(end), Number(done), Number(end - done));
            }

            session.Screen.Show(table);
        }
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
            Seconds(reader.GetDouble(1)));
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

    private static string Seconds(double value) => value.ToString("F1", CultureInfo.InvariantCulture);

    private static string Number(long value) => value.ToString("N0", CultureInfo.InvariantCulture);
}
