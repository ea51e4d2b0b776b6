using System.Text.Json;
using CardShop.Contracts;
using Npgsql;
using static CardShop.Shopctl.Orders.StoryText;

namespace CardShop.Shopctl.Orders;

/// <summary>What PostgreSQL knows of an order.</summary>
/// <param name="Until">When nothing more can be in the log about it; null while something is left to do.</param>
internal sealed record StoryDocuments(
    PaymentSaga? Payment, DeliverySaga? Delivery, DateTimeOffset? Until, IReadOnlyList<StoryLine> Lines)
{
    private const int MaxKeys = 10;
    private static readonly TimeSpan Aftermath = TimeSpan.FromHours(1);

    private static readonly string[] Statements =
    [
        """
        SELECT p.data, p.mt_version, d.data, d.mt_version, GREATEST(p.mt_last_modified, d.mt_last_modified), a.final_status, a.place
        FROM (SELECT $1::varchar AS id) i
        LEFT JOIN shop.mt_doc_paymentsaga p ON p.id = i.id
        LEFT JOIN shop.mt_doc_deliverysaga d ON d.id = i.id
        LEFT JOIN shop.archive a ON a.id = i.id
        """,
        """
        SELECT o.created_at, o.number, o.records IS NOT NULL FROM shop.outbox o
        WHERE o.number IN (
            SELECT outbox FROM shop.mt_doc_paymentsaga WHERE id = $1
            UNION SELECT outbox FROM shop.mt_doc_deliverysaga WHERE id = $1)
        """,
        "SELECT parked_at, kind, reason, outbox FROM shop.parked WHERE order_id = $1 ORDER BY id LIMIT 100",
        """
        SELECT COALESCE(settled_at, added_at), kind, state, tries, COALESCE(last_error, '') FROM shop.mails
        WHERE order_id = $1 ORDER BY added_at LIMIT 100
        """,
    ];

    public static async Task<StoryDocuments> ReadAsync(
        NpgsqlDataSource database, string orderId, DateTimeOffset now, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var batch = new NpgsqlBatch(connection);
        foreach (var statement in Statements)
        {
#pragma warning disable CA2100 // The texts are constants.
            batch.BatchCommands.Add(new(statement) { Parameters = { new() { Value = orderId } } });
#pragma warning restore CA2100
        }

        await using var reader = await batch.ExecuteReaderAsync(cancellation);
        await reader.ReadAsync(cancellation);
        var lines = new List<StoryLine>();
        var documents = Documents(reader, now, lines);
        foreach (var row in new Func<NpgsqlDataReader, StoryLine>[] { Unsent, Parked, Mailed })
        {
            await reader.NextResultAsync(cancellation);
            while (await reader.ReadAsync(cancellation))
            {
                lines.Add(row(reader));
            }
        }

        return documents;
    }

    private static StoryDocuments Documents(NpgsqlDataReader reader, DateTimeOffset now, List<StoryLine> lines)
    {
        var payment = Document(reader, 0, ContractsJson.Default.PaymentSaga);
        payment = payment is null ? null : payment with { Version = reader.GetInt32(1) };
        var delivery = Document(reader, 2, ContractsJson.Default.DeliverySaga);
        delivery = delivery is null ? null : delivery with { Version = reader.GetInt32(3) };
        DateTimeOffset? changed = reader.IsDBNull(4) ? null : reader.GetFieldValue<DateTimeOffset>(4);
        if (!reader.IsDBNull(5))
        {
            lines.Add(new(now, "archive", $"archived as {reader.GetString(5)}, in {reader.GetString(6)}"));
        }

        lines.AddRange(OfPayment(payment, now));
        lines.AddRange(OfDelivery(delivery, now));
        var over = payment is { Due: null } && delivery is (null or { Due: null });
        return new(payment, delivery, over ? changed + Aftermath : null, lines);
    }

    private static StoryLine Unsent(NpgsqlDataReader row) => new(
        row.GetFieldValue<DateTimeOffset>(0), "outbox",
        Text($"row {row.GetInt64(1)} is unsent: {(row.GetBoolean(2) ? "events and commands" : "commands")}"));

    private static StoryLine Parked(NpgsqlDataReader row) => new(
        row.GetFieldValue<DateTimeOffset>(0), "parked",
        Text($"a {row.GetString(1)} of outbox row {row.GetInt64(3)} cannot be sent: {row.GetString(2)}"));

    private static StoryLine Mailed(NpgsqlDataReader row) => new(
        row.GetFieldValue<DateTimeOffset>(0), "mails",
        Text($"the mail '{row.GetString(1)}' is {row.GetString(2)} after {row.GetInt32(3)} tries{(row.GetString(4) is { Length: > 0 } e ? ": " + e : "")}"));

    /// <summary>What the payment's document has a time for, and how it stands now.</summary>
    public static IEnumerable<StoryLine> OfPayment(PaymentSaga? saga, DateTimeOffset now)
    {
        const string From = "payment document";
        if (saga is null)
        {
            yield break;
        }

        foreach (var a in saga.Attempts)
        {
            yield return new(a.OpenedAt, From, Text($"attempt {a.Number} by {a.Channel}/{a.Profile} is opened: {a.Amount} fen, until {a.ExpiresAt:u}"));
        }

        foreach (var p in saga.Payments)
        {
            yield return new(p.At, From, Text($"money for {p.Number}: {p.Amount} fen by {p.Source}, trade {p.TradeNo}, taken as {Kebab(p.Use)}"));
            foreach (var r in p.Refunds ?? [])
            {
                yield return new(r.AskedAt, From, Text($"refund {r.Number} is asked for: {r.Amount} fen, {r.Reason}; it is {Kebab(r.State)}"));
            }
        }

        foreach (var c in saga.Claims ?? [])
        {
            yield return new(c.At, From, Text($"{c.Source} claims {c.Amount} fen for {c.Number}; the provider is asked first"));
        }

        foreach (var c in saga.Reviews ?? [])
        {
            yield return new(c.OpenedAt, From, $"case {Kebab(c.Kind)} is opened: {c.Reason}{(c.Evidence is { } e ? $" ({e})" : "")}");
            if (c.ClosedAt is { } closed)
            {
                yield return new(closed, From, $"case {Kebab(c.Kind)} is closed: {c.Resolution}");
            }
        }

        yield return new(now, From, Text(
            $"payment is {Kebab(saga.Status)} (version {saga.Version}){(saga.Reason is { } why ? ": " + why : "")}{(saga.Due is { } due ? $"; due {due:u}" : "; nothing left to do")}"));
    }

    /// <summary>The same of the delivery's.</summary>
    public static IEnumerable<StoryLine> OfDelivery(DeliverySaga? saga, DateTimeOffset now)
    {
        const string From = "delivery document";
        if (saga is null)
        {
            yield break;
        }

        yield return new(saga.CreatedAt, From, Text($"delivery begins: {saga.Quantity} x {saga.Sku}"));
        if (saga.DeliveredAt is { } at)
        {
            var more = saga.Keys.Count > MaxKeys ? Text($" and {saga.Keys.Count - MaxKeys} more") : "";
            yield return new(at, From, $"delivered: keys {string.Join(", ", saga.Keys.Take(MaxKeys))}{more}");
        }

        yield return new(now, From, Text(
            $"delivery is {Kebab(saga.Status)} (version {saga.Version}){(saga.Due is { } due ? $"; due {due:u}" : "; nothing left to do")}"));
    }

    private static T? Document<T>(
        NpgsqlDataReader reader, int column, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> json)
        where T : class =>
        reader.IsDBNull(column) ? null : JsonSerializer.Deserialize(reader.GetFieldValue<byte[]>(column), json);
}
