using System.Globalization;
using CardShop.Contracts;
using CardShop.Pipeline;
using CardShop.Pipeline.Batches;
using CardShop.Shop.Orders;
using Npgsql;

namespace CardShop.Shop.Recovery;

/// <summary>
/// Reads snapshots, events and inputs of orders into the working table: of facts those that the database lacks, by their
/// commit; of inputs those that it has not processed. What is kept in the inputs' topics for another region stays that region's.
/// </summary>
internal sealed class LogIntake(NpgsqlDataSource database, RangeSweep sweep, string region, RecoveryReport report)
{
    private const int Page = 20_000;

    /// <summary>The highest commit that was met.</summary>
    public long HighestCommit { get; private set; }

    public async Task RunAsync(RecoveryPlan plan, Action<double, string> progress, CancellationToken cancellation)
    {
        (Topic Topic, RecordKind Kind, IReadOnlyList<PlannedRange> Ranges)[] topics =
        [
            (Topics.SagaFacts, RecordKind.Fact, [.. plan.Of(Topics.SagaFacts)]),
            (Topics.Deliveries, RecordKind.Event, [.. plan.Of(Topics.Deliveries)]),
            (Topics.PaymentNotifications, RecordKind.Notification, [.. plan.Of(Topics.PaymentNotifications)]),
            (Topics.Orders, RecordKind.Order, [.. Processed(plan)]),
        ];
        var total = Math.Max(1, topics.Sum(t => t.Ranges.Sum(r => r.Records)));
        var read = 0L;
        await using var connection = await database.OpenConnectionAsync(cancellation);
        foreach (var (topic, kind, ranges) in topics)
        {
            await foreach (var records in sweep.ReadAsync(ranges, Page, cancellation))
            {
                await RecordTable.AddAsync(
                    connection, records.Select(r => Kept(r, kind, plan.Commit)).OfType<KeptRecord>(), cancellation);
                read += records.Count;
                progress(
                    (double)read / total,
                    string.Create(CultureInfo.InvariantCulture, $"{topic.Name}, {read:N0} of {total:N0} records"));
            }
        }

        await using var analyze = new NpgsqlCommand("ANALYZE shop.recovery_records", connection) { CommandTimeout = 0 };
        await analyze.ExecuteNonQueryAsync(cancellation);
    }

    /// <summary>
    /// Orders that fleets had processed, as Kafka says. Those behind them are new to everybody: the fleets take them as ever,
    /// with stock and limits, first come, first served.
    /// </summary>
    internal static IEnumerable<PlannedRange> Processed(RecoveryPlan plan) => plan.Of(Topics.Orders).Select(
        r => r with { End = Math.Min(r.End, plan.Committed.GetValueOrDefault(("orders", r.Partition))) });

    internal KeptRecord? Kept(LogIncoming record, RecordKind kind, long commit)
    {
        HighestCommit = Math.Max(HighestCommit, record.Commit);
        var isFact = kind is RecordKind.Fact or RecordKind.Event;
        if (record.Value is null || (isFact && record.Commit > 0 && record.Commit <= commit))
        {
            return null;
        }

        var orderId = isFact ? record.Key : OrderOf(record);
        if (!isFact && Regions.Foreign(Regions.OfId(orderId), region) is not null)
        {
            return null;
        }

        if (OrderIds.IsValid(orderId))
        {
            return RecordTable.Keep(record, kind, orderId!);
        }

        report.Unreadable++;
        return null;
    }

    private static string? OrderOf(LogIncoming record)
    {
        try
        {
            return OrderMessages.OrderOf(OrderMessages.Decode(record));
        }
        catch (PoisonMessageException)
        {
            // It was one for the fleets too: it lies among the dead letters, and its order's case among the snapshots.
            return null;
        }
    }
}
