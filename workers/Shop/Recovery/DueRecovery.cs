using System.Globalization;
using CardShop.Contracts;
using CardShop.Pipeline.Documents;
using CardShop.Shop.Store;
using Npgsql;
using NpgsqlTypes;

namespace CardShop.Shop.Recovery;

/// <summary>
/// Leaves every open or refunding order due, also those of which the log says nothing: what their providers know is asked
/// before anything ends or is given back. Written page by page; what is due already is not touched.
/// </summary>
internal sealed class DueRecovery(NpgsqlDataSource database, TimeProvider time, RecoveryReport report)
{
    private const int Page = 500;

    public async Task RunAsync(Action<double, string> progress, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        var now = time.GetUtcNow();
        var after = string.Empty;
        while (true)
        {
            await using var transaction = await connection.BeginTransactionAsync(cancellation);
            var page = await ReadAsync(connection, transaction, after, now, cancellation);
            if (page.Count == 0)
            {
                break;
            }

            after = page[^1].Id;
            var writes = new List<DocumentWrite<PaymentSaga>>();
            foreach (var saga in page)
            {
                var hastened = OrderRebuilder.Hastened(saga, now);
                if (!ReferenceEquals(hastened, saga))
                {
                    hastened = hastened with { Version = saga.Version + 1 };
                    writes.Add(new(saga.Id, hastened, saga.Version, hastened.Version, hastened.Due, saga.Outbox));
                }
            }

            await using var batch = new NpgsqlBatch(connection, transaction)
            {
                BatchCommands = { PostgresShopStore.Payments.Update(writes) },
            };
            await batch.ExecuteNonQueryAsync(cancellation);
            await transaction.CommitAsync(cancellation);
            report.DueForQuery += writes.Count;
            progress(0.5, string.Create(CultureInfo.InvariantCulture, $"{report.DueForQuery:N0} orders brought forward"));
        }

        report.DueForQuery = await CountAsync(connection, now, cancellation);
    }

    private static async Task<List<PaymentSaga>> ReadAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, string after, DateTimeOffset now,
        CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(
            """
            SELECT id, data, mt_version, outbox FROM shop.mt_doc_paymentsaga
            WHERE due > $1 AND id > $2 ORDER BY id LIMIT $3 FOR NO KEY UPDATE
            """,
            connection, transaction)
        {
            CommandTimeout = 0,
            Parameters =
            {
                new() { Value = now.ToUniversalTime() }, new() { Value = after, NpgsqlDbType = NpgsqlDbType.Varchar },
                new() { Value = (long)Page },
            },
        };
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var page = new List<PaymentSaga>();
        while (await reader.ReadAsync(cancellation))
        {
            var (_, saga, version, outbox) = PostgresShopStore.Payments.Read(reader);
            page.Add(saga with { Version = version, Outbox = outbox });
        }

        return page;
    }

    private static async Task<long> CountAsync(
        NpgsqlConnection connection, DateTimeOffset now, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand("SELECT count(*) FROM shop.mt_doc_paymentsaga WHERE due <= $1", connection)
        {
            CommandTimeout = 0,
            Parameters = { new() { Value = now.ToUniversalTime() } },
        };
        return (long)(await command.ExecuteScalarAsync(cancellation))!;
    }
}
