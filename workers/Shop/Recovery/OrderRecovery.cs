using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using CardShop.Contracts;
using CardShop.Pipeline.Batches;
using CardShop.Pipeline.Log;
using CardShop.Shop.Orders;
using CardShop.Shop.Payments;
using CardShop.Shop.Store;
using Npgsql;

namespace CardShop.Shop.Recovery;

/// <summary>
/// Rebuilds orders page by page, each page in one transaction: documents, the keys that they were sold, and what nobody has
/// been told yet. A page that was done before changes nothing.
/// </summary>
/// <param name="commit">The commit number that the database will have at the end: what is sent then carries it.</param>
internal sealed class OrderRecovery(
    NpgsqlDataSource database, ShopSettings settings, long commit, TimeProvider time, RecoveryReport report)
{
    private const int Page = 500;

    public async Task RunAsync(Action<double, string> progress, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        var total = Math.Max(1, await CountAsync(connection, cancellation));
        var started = time.GetTimestamp();
        var after = string.Empty;
        while (true)
        {
            var records = await RecordTable.OrdersAsync(connection, after, Page, cancellation);
            if (records.Count == 0)
            {
                return;
            }

            after = records[^1].OrderId;
            await PageAsync(connection, records, cancellation);
            var rate = report.Orders / Math.Max(0.001, time.GetElapsedTime(started).TotalSeconds);
            progress(
                (double)report.Orders / total,
                string.Create(CultureInfo.InvariantCulture, $"{report.Orders:N0} of {total:N0} orders, {rate:N0}/s"));
        }
    }

    private static async Task<long> CountAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(
            "SELECT count(DISTINCT order_id) FROM shop.recovery_records WHERE kind <> 5", connection)
        {
            CommandTimeout = 0,
        };
        return (long)(await command.ExecuteScalarAsync(cancellation))!;
    }

    private async Task PageAsync(
        NpgsqlConnection connection, IReadOnlyList<KeptRecord> records, CancellationToken cancellation)
    {
        var byOrder = records.GroupBy(r => r.OrderId).ToList();
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        // Its opening takes the number of the row that this page may write.
        var loaded = await new PostgresShopTransaction(connection, transaction).LoadAsync(
            new(string.Empty, [], [.. byOrder.Select(g => g.Key)], Deliveries: true), cancellation);
        var now = time.GetUtcNow();
        var save = new PageWrites(loaded.Opening.OutboxNumber, commit, loaded.Waits);
        foreach (var order in byOrder.Where(g => !loaded.Archived.Contains(g.Key)))
        {
            var restored = new OrderCase(
                loaded.Payments.GetValueOrDefault(order.Key), loaded.Deliveries.GetValueOrDefault(order.Key));
            var rebuilt = OrderRebuilder.Rebuild(EvidenceOf(order.Key, restored, order), settings, now);
            save.Add(rebuilt, restored);
            Count(rebuilt);
        }

        await save.WriteAsync(connection, transaction, report, cancellation);
        await transaction.CommitAsync(cancellation);
    }

    private void Count(RebuiltOrder rebuilt)
    {
        report.Orders++;
        report.FromSnapshot += rebuilt.Source == PaymentSource.Snapshot ? 1 : 0;
        report.FromInputs += rebuilt.Source == PaymentSource.Inputs ? 1 : 0;
        report.InputsApplied += rebuilt.Applied;
        report.RecordsToSend += rebuilt.Records.Count;
    }

    internal OrderEvidence EvidenceOf(string orderId, OrderCase restored, IEnumerable<KeptRecord> records)
    {
        PaymentSaga? fact = null;
        var events = new List<object>();
        var orders = new List<TimedInput>();
        var notifications = new List<TimedInput>();
        var texts = new List<KeysImported>();
        foreach (var record in records)
        {
            switch (record.Kind)
            {
                case RecordKind.Fact when Read(record, ContractsJson.Default.PaymentSaga) is { } saga:
                    fact = saga.Version > (fact?.Version ?? 0) ? saga : fact;
                    break;
                case RecordKind.Event when EventOf(record) is { } told:
                    events.Add(told);
                    break;
                case RecordKind.Order when InputOf(record, Topics.Orders) is { } input:
                    orders.Add(input);
                    break;
                case RecordKind.Notification when InputOf(record, Topics.PaymentNotifications) is { } input:
                    notifications.Add(input);
                    break;
                case RecordKind.Text when Read(record, ContractsJson.Default.KeysImported) is { } text:
                    texts.Add(text);
                    break;
                default:
                    report.Unreadable++;
                    break;
            }
        }

        return new(orderId, restored, fact, events, orders, notifications, texts);
    }

    private static object? EventOf(KeptRecord record) => record.Type switch
    {
        MessageTypes.OrderDelivered => Read(record, ContractsJson.Default.OrderDelivered),
        MessageTypes.OrderRefunded => Read(record, ContractsJson.Default.OrderRefunded),
        MessageTypes.OrderExpired => Read(record, ContractsJson.Default.OrderExpired),
        MessageTypes.DeliveryFailed => Read(record, ContractsJson.Default.DeliveryFailed),
        MessageTypes.KeyReplaced => Read(record, ContractsJson.Default.KeyReplaced),
        _ => null,
    };

    /// <summary>It could be decoded when it was read.</summary>
    private static TimedInput? InputOf(KeptRecord record, Topic topic) =>
        OrderMessages.Decode(new LogIncoming(
            new PartitionKey(topic.Name, record.Partition), record.Offset, record.OrderId, record.Body, record.Type, 0, record.At,
            reader: null)) is PaymentMessage message
            ? new(record.At, message)
            : null;

    private static T? Read<T>(KeptRecord record, JsonTypeInfo<T> json)
        where T : class
    {
        try
        {
            return JsonSerializer.Deserialize(record.Body, json);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
