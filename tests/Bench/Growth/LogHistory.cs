using System.Diagnostics;
using System.Globalization;
using System.Text;
using CardShop.Contracts;
using CardShop.Pipeline.Batches;
using CardShop.Pipeline.Log;
using CardShop.Shop.Store;
using CardShop.Tests.Bench.Machine;

namespace CardShop.Tests.Bench.Growth;

/// <summary>
/// Records as they stand in the log after a long life: copies of the last ones of each topic, of their sizes, marked as
/// processed in the database. Nobody reads them again; servers and fleets have them behind them when they start.
/// </summary>
internal static class LogHistory
{
    private const int Chunk = 10_000;
    private const int Copied = 50;

    /// <summary>Records of a good order on each topic.</summary>
    private static readonly IReadOnlyList<(Topic Topic, int PerOrder)> Records =
        [(Topics.Orders, 1), (Topics.PaymentNotifications, 1), (Topics.SagaFacts, 1), (Topics.Deliveries, 1)];

    public static async Task FillAsync(BenchRun run, ShopServers servers, int orders, CancellationToken cancellation)
    {
        run.Say(string.Create(CultureInfo.InvariantCulture, $"log: the records of {orders:N0} orders"));
        var from = Stopwatch.GetTimestamp();
        var bytes = 0L;
        foreach (var (topic, perOrder) in Records)
        {
            var templates = await servers.Log.TailAsync(topic, Copied, cancellation);
            for (var done = 0; done < orders * perOrder; done += Chunk)
            {
                var records = new LogRecord[Math.Min(Chunk, (orders * perOrder) - done)];
                for (var i = 0; i < records.Length; i++)
                {
                    var like = templates[(done + i) % templates.Count];
                    records[i] = new(topic.Name, i % topic.Partitions, Encoding.UTF8.GetBytes(like.Key), like.Value, Headers(like));
                    bytes += records[i].Key.Length + (like.Value?.Length ?? 0);
                }

                var failures = await servers.Log.ProduceAllAsync(records, cancellation);
                if (failures.Count > 0)
                {
                    throw new BenchFailedException($"History could not be written to the log: {failures[0].Reason}");
                }
            }
        }

        await MarkProcessedAsync(servers, cancellation);
        run.Say(string.Create(
            CultureInfo.InvariantCulture,
            $"log: {(double)bytes / orders:0} bytes of keys and values per order, {bytes >> 20:N0} MiB in {Stopwatch.GetElapsedTime(from).TotalSeconds:0} s"));
    }

    private static LogHeader[] Headers(LogIncoming like) =>
    [
        new(RecordHeaders.Type, Encoding.UTF8.GetBytes(like.Type ?? string.Empty)),
        new(RecordHeaders.Commit, Encoding.UTF8.GetBytes(like.Commit.ToString(CultureInfo.InvariantCulture))),
    ];

    /// <summary>The fleets stand still: their positions are moved behind what was written.</summary>
    private static async Task MarkProcessedAsync(ShopServers servers, CancellationToken cancellation)
    {
        foreach (var group in FleetGroups.All)
        {
            foreach (var (partition, next) in await servers.Log.EndsAsync(group.Topics, cancellation))
            {
                await using var command = servers.Database.CreateCommand(
                    """
                    INSERT INTO shop.progress (grp, topic, partition, next_offset) VALUES ($1, $2, $3, $4)
                    ON CONFLICT (grp, topic, partition) DO UPDATE SET next_offset = excluded.next_offset
                    """);
                command.Parameters.Add(new() { Value = group.Name });
                command.Parameters.Add(new() { Value = partition.Topic });
                command.Parameters.Add(new() { Value = partition.Partition });
                command.Parameters.Add(new() { Value = next });
                await command.ExecuteNonQueryAsync(cancellation);
            }
        }
    }
}
