using CardShop.Contracts;
using CardShop.Pipeline;
using CardShop.Pipeline.Batches;
using CardShop.Pipeline.Outbox;
using CardShop.Shop.Orders;
using CardShop.Shop.Stock;
using CardShop.Shop.Store;
using Npgsql;
using NpgsqlTypes;

namespace CardShop.Shop.Housekeeping;

/// <summary>What an erasure came to.</summary>
/// <param name="Erased">Orders whose contact is gone now.</param>
/// <param name="Open">Orders that have not ended: their buyer may still have to be reached.</param>
public sealed record ErasureReport(IReadOnlyList<string> Erased, IReadOnlyList<string> Open);

/// <summary>
/// Takes a buyer's contact and its hashes out of documents, out of what is noted about mails, and out of the archive. Each
/// changed saga goes to shop.saga-facts.v1, so that a database restored from an older backup is erased again by recover.
/// What the log holds is sealed with month keys, and becomes unreadable when those expire.
/// </summary>
public sealed class ContactErasure(
    NpgsqlDataSource database, IShopStore store, RollbackFence fence, Dispatcher dispatcher, ArchiveFiles? files, TimeProvider time)
{
    /// <summary>Stands where a contact stood. It names no month, so it reads like a contact whose month's key is gone.</summary>
    public const string Erased = "erased:";

    private const int MaxReruns = 3;

    /// <summary>Whether anything of the buyer is left in an order.</summary>
    public static bool IsErased(OrderPlaced order) => order.Contact == Erased;

    /// <summary>An order without its buyer. Also what was made of the contact: hashes can be compared with a guess by whoever has the key.</summary>
    public static OrderPlaced Without(OrderPlaced order) =>
        order with { Contact = Erased, ContactHash = "", BodyHash = "", NetworkHash = null, PasswordHash = null };

    /// <summary>Ids of the orders of a contact that stand in the database.</summary>
    /// <param name="contactHash">As <see cref="Contacts.Hash"/> makes it.</param>
    public async Task<IReadOnlyList<string>> FindAsync(string contactHash, CancellationToken cancellation)
    {
        // No index is kept for what is asked once in a while: the table is read once, by a statement that may take its time.
        await using var command = database.CreateCommand(
            "SELECT id FROM shop.mt_doc_paymentsaga WHERE data #>> '{order,contactHash}' = $1 ORDER BY id");
        command.CommandTimeout = 0;
        command.Parameters.Add(new() { Value = contactHash });
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var ids = new List<string>();
        while (await reader.ReadAsync(cancellation))
        {
            ids.Add(reader.GetString(0));
        }

        return ids;
    }

    /// <summary>Erases the contact of these orders in the database; those that are not there are passed over.</summary>
    public async Task<ErasureReport> EraseDocumentsAsync(IReadOnlyList<string> ids, CancellationToken cancellation)
    {
        var (erased, open) = (new List<string>(), new List<string>());
        foreach (var part in ids.Order(StringComparer.Ordinal).Chunk(100))
        {
            for (var reruns = 0; ; reruns++)
            {
                try
                {
                    var report = await ErasePartAsync(part, cancellation);
                    erased.AddRange(report.Erased);
                    open.AddRange(report.Open);
                    break;
                }
                catch (ConflictException) when (reruns < MaxReruns)
                {
                    // Somebody else changed one of them meanwhile.
                }
            }
        }

        await dispatcher.DrainAsync(cancellation);
        return new(erased, open);
    }

    /// <summary>Erases the contact of archived orders: of one file, those that hold a mark and that are wanted.</summary>
    /// <returns>Their ids.</returns>
    public async Task<IReadOnlyList<string>> EraseFileAsync(
        string place, string mark, Func<ArchivedOrder, bool> isWanted, CancellationToken cancellation) =>
        files is null ? [] : await files.RewriteAsync(
            place, mark,
            order => order.Payment.Order is { } placed && !IsErased(placed) && isWanted(order)
                ? order with { Payment = order.Payment with { Order = Without(placed) } }
                : null,
            cancellation);

    private async Task<ErasureReport> ErasePartAsync(string[] ids, CancellationToken cancellation)
    {
        await using var transaction = await store.BeginAsync(cancellation);
        var loaded = await transaction.LoadAsync(new(string.Empty, [], ids, Deliveries: true), cancellation);
        fence.Require(string.Empty, loaded.Opening, 0);
        var now = time.GetUtcNow();
        var changed = new List<Changed<PaymentSaga>>();
        var records = new List<OutRecord>();
        var open = new List<string>();
        foreach (var saga in loaded.Payments.Values.Where(s => s.Order is { } o && !IsErased(o)).OrderBy(s => s.Id, StringComparer.Ordinal))
        {
            if (ArchiveRule.EndOf(saga, loaded.Deliveries.GetValueOrDefault(saga.Id)) is null)
            {
                open.Add(saga.Id);
                continue;
            }

            var without = saga with
            {
                Order = Without(saga.Order!),
                Version = saga.Version + 1,
                Outbox = loaded.Opening.OutboxNumber,
            };
            changed.Add(new(without, saga.Version));
            records.Add(OrderMessages.Record(
                Topics.SagaFacts, saga.Id, MessageTypes.PaymentSaga, without, ContractsJson.Default.PaymentSaga, now));
        }

        if (changed.Count > 0)
        {
            var commit = await transaction.SaveAsync(
                new(
                    string.Empty, loaded.Opening, changed, [], [], new Dictionary<StockKey, StockDelta>(), [], records, [],
                    loaded.Waits, now),
                cancellation);
            await dispatcher.PostAsync(new(loaded.Opening.OutboxNumber, commit, records, [], loaded.Waits), cancellation);
        }

        // A mail server may have repeated the address in its refusal.
        await using var mails = database.CreateCommand("UPDATE shop.mails SET last_error = NULL WHERE order_id = ANY($1)");
        mails.Parameters.Add(new()
        {
            Value = changed.Select(c => c.Document.Id).ToArray(),
            NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Varchar,
        });
        await mails.ExecuteNonQueryAsync(cancellation);
        return new([.. changed.Select(c => c.Document.Id)], open);
    }
}
