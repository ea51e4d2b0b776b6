using CardShop.Contracts;
using CardShop.Pipeline.Batches;
using CardShop.Pipeline.Documents;
using CardShop.Pipeline.Log;
using CardShop.Shop.Payments;
using CardShop.Shop.Stock;
using Npgsql;
using NpgsqlTypes;

namespace CardShop.Shop.Store;

/// <summary>The shop's PostgreSQL.</summary>
public sealed class PostgresShopStore(NpgsqlDataSource database) : IShopStore
{
    internal static readonly DocumentTable<PaymentSaga> Payments = new("paymentsaga", ContractsJson.Default.PaymentSaga);

    /// <summary>The channel whose watch a due payment belongs to; written as in the index by it.</summary>
    private const string DueChannel = "COALESCE(data #>> '{attempts,-1,channel}', data #>> '{order,channel}', '')";

    internal static readonly DocumentTable<DeliverySaga> Deliveries =
        new("deliverysaga", ContractsJson.Default.DeliverySaga);

    public async Task<IShopTransaction> BeginAsync(CancellationToken cancellation)
    {
        var connection = await database.OpenConnectionAsync(cancellation);
        return new PostgresShopTransaction(connection, await connection.BeginTransactionAsync(cancellation));
    }

    public async Task<(Opening Opening, IReadOnlyDictionary<string, PaymentSaga> Sagas)> ReadPaymentsAsync(
        IReadOnlyCollection<string> ids, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var batch = new NpgsqlBatch(connection);
        TransactionFrame.AddOpening(batch, string.Empty, []);
        batch.BatchCommands.Add(Payments.Load([.. ids]));
        await using var reader = await batch.ExecuteReaderAsync(cancellation);
        var opening = await TransactionFrame.ReadOpeningAsync(reader, [], cancellation);
        var sagas = new Dictionary<string, PaymentSaga>(ids.Count);
        while (await reader.ReadAsync(cancellation))
        {
            var (id, saga, version, outbox) = Payments.Read(reader);
            sagas[id] = saga with { Version = version, Outbox = outbox };
        }

        return (opening, sagas);
    }

    public Task<IReadOnlyList<DueSaga>> OverduePaymentsAsync(
        string channel, DateTimeOffset now, DueSaga? after, int limit, CancellationToken cancellation) =>
        DueAsync(OverdueStatement(channel, now, after, limit), cancellation);

    public Task<IReadOnlyList<DueSaga>> OverdueDeliveriesAsync(
        DateTimeOffset now, DueSaga? after, int limit, CancellationToken cancellation) =>
        DueAsync(Deliveries.Overdue(now, after?.Due, after?.Id, limit), cancellation);

    public async Task<IReadOnlyDictionary<PartitionKey, long>> ProgressAsync(
        string group, IReadOnlyCollection<PartitionKey> partitions, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var batch = new NpgsqlBatch(connection);
        TransactionFrame.AddOpening(batch, group, partitions);
        await using var reader = await batch.ExecuteReaderAsync(cancellation);
        return (await TransactionFrame.ReadOpeningAsync(reader, partitions, cancellation)).Progress;
    }

    public async Task<IReadOnlyDictionary<StockKey, long>> AvailableAsync(
        IReadOnlyCollection<StockKey>? keys, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            keys is null
                ? "SELECT sku, region, available FROM shop.stock"
                : "SELECT sku, region, available FROM shop.stock WHERE (sku, region) IN (SELECT * FROM unnest($1, $2))");
        if (keys is not null)
        {
            StockStatements.AddKeys(command.Parameters, keys);
        }

        await using var reader = await command.ExecuteReaderAsync(cancellation);
        return await StockStatements.ReadAvailableAsync(reader, cancellation);
    }

    /// <summary>Puts an order into review inside a transaction: a stub saga where there is none, an ended one keeps its status.</summary>
    public static async Task ReviewAsync(
        NpgsqlConnection connection, string orderId, string reason, CancellationToken cancellation)
    {
        await using var load = new NpgsqlBatch(connection)
        {
            BatchCommands = { new("SELECT clock_timestamp()"), Payments.LoadForUpdate([orderId]) },
        };
        PaymentSaga? saga = null;
        DateTimeOffset now;
        await using (var reader = await load.ExecuteReaderAsync(cancellation))
        {
            await reader.ReadAsync(cancellation);
            now = await reader.GetFieldValueAsync<DateTimeOffset>(0, cancellation);
            await reader.NextResultAsync(cancellation);
            if (await reader.ReadAsync(cancellation))
            {
                var (_, document, version, outbox) = Payments.Read(reader);
                saga = document with { Version = version, Outbox = outbox };
            }
        }

        if (ReviewCases.Poison(orderId, saga, reason, now) is not { } review)
        {
            return;
        }

        var write = new DocumentWrite<PaymentSaga>(
            orderId, review, saga?.Version ?? 0, review.Version, review.Due, review.Outbox);
        await using var save = new NpgsqlBatch(connection)
        {
            BatchCommands = { saga is null ? Payments.Insert([write]) : Payments.Update([write]) },
        };
        await save.ExecuteNonQueryAsync(cancellation);
    }

    internal static NpgsqlBatchCommand OverdueStatement(string channel, DateTimeOffset now, DueSaga? after, int limit) =>
        Payments.Overdue(now, after?.Due, after?.Id, limit, DueChannel, channel);

    private async Task<IReadOnlyList<DueSaga>> DueAsync(NpgsqlBatchCommand command, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var batch = new NpgsqlBatch(connection) { BatchCommands = { command } };
        await using var reader = await batch.ExecuteReaderAsync(cancellation);
        var due = new List<DueSaga>();
        while (await reader.ReadAsync(cancellation))
        {
            due.Add(new(reader.GetString(0), await reader.GetFieldValueAsync<DateTimeOffset>(1, cancellation)));
        }

        return due;
    }
}

internal static class StockStatements
{
    public static void AddKeys(NpgsqlParameterCollection parameters, IReadOnlyCollection<StockKey> keys)
    {
        parameters.Add(new()
        {
            Value = keys.Select(k => k.Sku).ToArray(),
            NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Varchar,
        });
        parameters.Add(new()
        {
            Value = keys.Select(k => k.Region).ToArray(),
            NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Varchar,
        });
    }

    public static async Task<IReadOnlyDictionary<StockKey, StockCount>> ReadCountsAsync(
        NpgsqlDataReader reader, CancellationToken cancellation)
    {
        var counts = new Dictionary<StockKey, StockCount>();
        while (await reader.ReadAsync(cancellation))
        {
            counts[new(reader.GetString(0), reader.GetString(1))] = new(reader.GetInt64(2), reader.GetInt64(3));
        }

        return counts;
    }

    public static async Task<IReadOnlyDictionary<StockKey, long>> ReadAvailableAsync(
        NpgsqlDataReader reader, CancellationToken cancellation)
    {
        var available = new Dictionary<StockKey, long>();
        while (await reader.ReadAsync(cancellation))
        {
            available[new(reader.GetString(0), reader.GetString(1))] = reader.GetInt64(2);
        }

        return available;
    }
}
