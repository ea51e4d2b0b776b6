using System.Globalization;
using System.Runtime.CompilerServices;
using CardShop.Contracts;
using CardShop.Shop.Store;
using Npgsql;
using NpgsqlTypes;

namespace CardShop.Shop.Reconciliation;

/// <summary>What PostgreSQL holds, read in batches along its indexes (migration 0003); nothing is locked.</summary>
public sealed class PostgresRecordedOrders(NpgsqlDataSource database) : IRecordedOrders
{
    private const int PageSize = 500;

    /// <summary>How much earlier than its time of record a movement can lie; clocks differ, and providers tell late.</summary>
    private static readonly TimeSpan Slack = TimeSpan.FromDays(1);

    private const string Paid =
        """
        SELECT id, data, mt_version, outbox, data #>> '{payments,0,at}' FROM shop.mt_doc_paymentsaga
        WHERE data #>> '{payments,0,at}' >= $1 AND data #>> '{payments,0,at}' < $2
          AND ((data #>> '{payments,0,at}'), id) > ($3, $4)
        ORDER BY (data #>> '{payments,0,at}'), id LIMIT $5
        """;

    private const string Further =
        """
        SELECT id, data, mt_version, outbox, mt_last_modified FROM shop.mt_doc_paymentsaga
        WHERE (data #> '{payments,1}' IS NOT NULL OR data #> '{payments,0,refunds,0}' IS NOT NULL)
          AND (mt_last_modified, id) > ($1, $2)
        ORDER BY mt_last_modified, id LIMIT $3
        """;

    public async Task<RecordedOrders> LoadAsync(IReadOnlyCollection<string> orderIds, CancellationToken cancellation)
    {
        string[] ids = [.. orderIds];
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var batch = new NpgsqlBatch(connection);
        batch.BatchCommands.Add(PostgresShopStore.Payments.Load(ids));
        batch.BatchCommands.Add(new("SELECT id FROM shop.archive WHERE id = ANY($1)")
        {
            Parameters = { new() { Value = ids, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Varchar } },
        });
        await using var reader = await batch.ExecuteReaderAsync(cancellation);
        var sagas = new Dictionary<string, PaymentSaga>(ids.Length);
        while (await reader.ReadAsync(cancellation))
        {
            var saga = Read(reader);
            sagas[saga.Id] = saga;
        }

        await reader.NextResultAsync(cancellation);
        var archived = new HashSet<string>();
        while (await reader.ReadAsync(cancellation))
        {
            archived.Add(reader.GetString(0));
        }

        return new(sagas, archived);
    }

    public async IAsyncEnumerable<IReadOnlyList<PaymentSaga>> BookedAsync(
        DateTimeOffset from, DateTimeOffset to, [EnumeratorCancellation] CancellationToken cancellation)
    {
        string first = Text(from), end = Text(to), at = first, id = string.Empty;
        List<PaymentSaga> page;
        do
        {
            page = [];
            await using var command = Command(Paid, first, end, at, id, PageSize);
            await using var reader = await command.ExecuteReaderAsync(cancellation);
            while (await reader.ReadAsync(cancellation))
            {
                page.Add(Read(reader));
                (at, id) = (reader.GetString(4), page[^1].Id);
            }

            yield return page;
        }
        while (page.Count == PageSize);

        var changed = (from - Slack).ToUniversalTime();
        id = string.Empty;
        do
        {
            page = [];
            await using var command = Command(Further, changed, id, PageSize);
            await using var reader = await command.ExecuteReaderAsync(cancellation);
            while (await reader.ReadAsync(cancellation))
            {
                page.Add(Read(reader));
                (changed, id) = (await reader.GetFieldValueAsync<DateTimeOffset>(4, cancellation), page[^1].Id);
            }

            yield return page;
        }
        while (page.Count == PageSize);
    }

    private static PaymentSaga Read(NpgsqlDataReader reader)
    {
        var (_, saga, version, outbox) = PostgresShopStore.Payments.Read(reader);
        return saga with { Version = version, Outbox = outbox };
    }

    /// <summary>As documents write times.</summary>
    private static string Text(DateTimeOffset moment) =>
        moment.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture);

    private NpgsqlCommand Command(string sql, params ReadOnlySpan<object> values)
    {
        var command = database.CreateCommand(sql);
        foreach (var value in values)
        {
            command.Parameters.Add(new() { Value = value });
        }

        return command;
    }
}
