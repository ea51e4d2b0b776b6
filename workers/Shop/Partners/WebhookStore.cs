using System.Text.Json;
using CardShop.Contracts;
using Npgsql;
using NpgsqlTypes;

namespace CardShop.Shop.Partners;

/// <summary>
/// What is to be sent to webhooks, in PostgreSQL. Whoever adds or settles deliveries of a webhook first locks the
/// webhook's row, so that a delivery waits (due IS NULL) exactly while an earlier one of its order is there.
/// </summary>
public sealed class WebhookStore(NpgsqlDataSource database, WebhookOptions options)
{
    /// <summary>How long a claimed delivery is nobody else's; then its process is taken for dead.</summary>
    public static readonly TimeSpan Lease = TimeSpan.FromSeconds(60);

    private const int CleanAtOnce = 5_000;

    /// <summary>All webhooks that get events now.</summary>
    public static async Task<IReadOnlyList<Subscription>> SubscriptionsAsync(
        NpgsqlConnection connection, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(
            $"""
            SELECT {WebhookRows.Columns}, p.data FROM shop.webhooks w JOIN shop.mt_doc_partner p ON p.id = w.partner
            WHERE w.enabled AND (p.data ->> 'enabled')::boolean
            """,
            connection);
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var subscriptions = new List<Subscription>();
        while (await reader.ReadAsync(cancellation))
        {
            var webhook = WebhookRows.Read(reader);
            var partner = JsonSerializer.Deserialize(
                await reader.GetFieldValueAsync<byte[]>(WebhookRows.Count, cancellation), ContractsJson.Default.Partner)!;
            subscriptions.Add(new(webhook.Id, partner, webhook));
        }

        return subscriptions;
    }

    /// <summary>
    /// Adds deliveries; those that are still to be sent are passed over. Webhooks with too many are disabled.
    /// </summary>
    /// <returns>The webhooks that were disabled now.</returns>
    public async Task<IReadOnlyList<string>> AddAsync(
        NpgsqlConnection connection, IReadOnlyList<(string Webhook, PartnerEvent Event)> deliveries, DateTimeOffset now,
        CancellationToken cancellation)
    {
        if (deliveries.Count == 0)
        {
            return [];
        }

        var webhooks = deliveries.Select(d => d.Webhook).Distinct().ToArray();
        await using var batch = new NpgsqlBatch(connection)
        {
            BatchCommands =
            {
                Locked(webhooks),
                new(
                    """
                    WITH added AS (
                        INSERT INTO shop.webhook_deliveries (webhook, order_id, log_offset, event_id, event_time, body, due)
                        SELECT t.webhook, t.order_id, t.log_offset, t.event_id, t.event_time, t.body, $7
                        FROM unnest($1, $2, $3, $4, $5, $6) AS t(webhook, order_id, log_offset, event_id, event_time, body)
                        JOIN shop.webhooks w ON w.id = t.webhook AND w.enabled
                        ON CONFLICT DO NOTHING RETURNING webhook)
                    UPDATE shop.webhooks w SET pending = w.pending + a.n
                    FROM (SELECT webhook, count(*) AS n FROM added GROUP BY webhook) a WHERE w.id = a.webhook
                    """)
                {
                    Parameters =
                    {
                        Array(deliveries.Select(d => d.Webhook), NpgsqlDbType.Varchar),
                        Array(deliveries.Select(d => d.Event.OrderId), NpgsqlDbType.Varchar),
                        Array(deliveries.Select(d => d.Event.Offset), NpgsqlDbType.Bigint),
                        Array(deliveries.Select(d => d.Event.Id), NpgsqlDbType.Text),
                        Array(deliveries.Select(d => d.Event.Time), NpgsqlDbType.TimestampTz),
                        Array(deliveries.Select(d => d.Event.Json), NpgsqlDbType.Bytea),
                        new() { Value = now },
                    },
                },
                new(
                    """
                    UPDATE shop.webhook_deliveries d SET due = NULL
                    FROM (SELECT DISTINCT webhook, order_id FROM unnest($1, $2) AS u(webhook, order_id)) t
                    WHERE d.webhook = t.webhook AND d.order_id = t.order_id AND d.due IS NOT NULL AND EXISTS (
                        SELECT 1 FROM shop.webhook_deliveries e
                        WHERE e.webhook = d.webhook AND e.order_id = d.order_id AND e.log_offset < d.log_offset)
                    """)
                {
                    Parameters =
                    {
                        Array(deliveries.Select(d => d.Webhook), NpgsqlDbType.Varchar),
                        Array(deliveries.Select(d => d.Event.OrderId), NpgsqlDbType.Varchar),
                    },
                },
                new("SELECT id FROM shop.webhooks WHERE id = ANY($1) AND enabled AND pending > $2")
                {
                    Parameters = { Array(webhooks, NpgsqlDbType.Varchar), new() { Value = (long)options.MaxPending } },
                },
            },
        };
        var full = new List<string>();
        await using (var reader = await batch.ExecuteReaderAsync(cancellation))
        {
            // The lock's rows come first, those of the last statement after it.
            await reader.NextResultAsync(cancellation);
            while (await reader.ReadAsync(cancellation))
            {
                full.Add(reader.GetString(0));
            }
        }

        foreach (var webhook in full)
        {
            await DisableAsync(connection, webhook, $"more than {options.MaxPending} events could not be delivered", cancellation);
        }

        return full;
    }

    /// <summary>The webhooks for which something can be sent now.</summary>
    public async Task<IReadOnlyList<string>> DueAsync(DateTimeOffset now, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            """
            SELECT w.id FROM shop.webhooks w JOIN shop.mt_doc_partner p ON p.id = w.partner
            WHERE w.enabled AND w.pending > 0 AND (p.data ->> 'enabled')::boolean
              AND EXISTS (SELECT 1 FROM shop.webhook_deliveries d WHERE d.webhook = w.id AND d.due <= $1)
            """);
        command.Parameters.Add(new() { Value = now });
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var due = new List<string>();
        while (await reader.ReadAsync(cancellation))
        {
            due.Add(reader.GetString(0));
        }

        return due;
    }

    /// <summary>Takes due deliveries of one webhook, of each order at most the first, for the length of a lease.</summary>
    /// <returns>Null where the webhook was disabled or is gone.</returns>
    public async Task<WebhookTarget?> ClaimAsync(string webhook, DateTimeOffset now, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var batch = new NpgsqlBatch(connection)
        {
            BatchCommands =
            {
                new(
                    """
                    SELECT url, failing_since, kek, secret, old_kek, old_secret, old_until FROM shop.webhooks
                    WHERE id = $1 AND enabled
                    """)
                {
                    Parameters = { new() { Value = webhook } },
                },
                new(
                    """
                    UPDATE shop.webhook_deliveries d
                    SET due = $2 + $3, tries = d.tries + 1, first_try = COALESCE(d.first_try, $2)
                    FROM (
                        SELECT order_id, log_offset FROM shop.webhook_deliveries
                        WHERE webhook = $1 AND due <= $2 ORDER BY due, log_offset LIMIT $4 FOR NO KEY UPDATE SKIP LOCKED) t
                    WHERE d.webhook = $1 AND d.order_id = t.order_id AND d.log_offset = t.log_offset
                    RETURNING d.order_id, d.log_offset, d.event_id, d.body, d.tries, d.first_try
                    """)
                {
                    Parameters =
                    {
                        new() { Value = webhook }, new() { Value = now }, new() { Value = Lease },
                        new() { Value = options.Concurrency },
                    },
                },
            },
        };
        await using var reader = await batch.ExecuteReaderAsync(cancellation);
        if (!await reader.ReadAsync(cancellation))
        {
            return null;
        }

        var target = WebhookRows.ReadTarget(reader, now);
        await reader.NextResultAsync(cancellation);
        var deliveries = new List<WebhookDelivery>();
        while (await reader.ReadAsync(cancellation))
        {
            deliveries.Add(new(
                reader.GetString(0), reader.GetInt64(1), reader.GetString(2),
                await reader.GetFieldValueAsync<byte[]>(3, cancellation), reader.GetInt32(4),
                await reader.GetFieldValueAsync<DateTimeOffset>(5, cancellation)));
        }

        return target with { Deliveries = deliveries };
    }

    /// <summary>Writes down what came of claimed deliveries, and lets the next ones of their orders go.</summary>
    public async Task SettleAsync(
        string webhook, IReadOnlyList<WebhookOutcome> outcomes, DateTimeOffset claimedAt, DateTimeOffset now,
        CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        await using (var batch = new NpgsqlBatch(connection, transaction))
        {
            batch.BatchCommands.Add(Locked([webhook]));
            foreach (var command in WebhookRows.Settle(webhook, outcomes, claimedAt, now))
            {
                batch.BatchCommands.Add(command);
            }

            await batch.ExecuteNonQueryAsync(cancellation);
        }

        if (outcomes.Select(o => o.Step).OfType<WebhookStep.Disable>().FirstOrDefault() is { } disable)
        {
            await DisableAsync(connection, webhook, disable.Reason, cancellation);
        }

        await transaction.CommitAsync(cancellation);
    }

    /// <summary>Drops what disabled webhooks still have, a part at a time; the time of the oldest was noted.</summary>
    public async Task CleanAsync(CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        await using var command = new NpgsqlCommand(
            """
            WITH w AS (
                SELECT id FROM shop.webhooks WHERE NOT enabled AND pending > 0 ORDER BY id LIMIT 1
                FOR NO KEY UPDATE SKIP LOCKED),
            dropped AS (
                DELETE FROM shop.webhook_deliveries d USING w
                WHERE d.webhook = w.id AND (d.order_id, d.log_offset) IN (
                    SELECT order_id, log_offset FROM shop.webhook_deliveries e WHERE e.webhook = w.id
                    ORDER BY order_id, log_offset LIMIT $1)
                RETURNING 1),
            n AS (SELECT count(*) AS rows FROM dropped)
            UPDATE shop.webhooks SET pending = CASE WHEN n.rows < $1 THEN 0 ELSE pending - n.rows END
            FROM w, n WHERE webhooks.id = w.id
            """,
            connection, transaction);
        command.Parameters.Add(new() { Value = CleanAtOnce });
        await command.ExecuteNonQueryAsync(cancellation);
        await transaction.CommitAsync(cancellation);
    }

    private static async Task DisableAsync(
        NpgsqlConnection connection, string webhook, string reason, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(
            """
            UPDATE shop.webhooks SET enabled = false, reason = $2, missed_since = LEAST(missed_since, (
                SELECT min(event_time) FROM shop.webhook_deliveries WHERE webhook = $1))
            WHERE id = $1 AND enabled
            """,
            connection);
        command.Parameters.Add(new() { Value = webhook });
        command.Parameters.Add(new() { Value = reason });
        await command.ExecuteNonQueryAsync(cancellation);
    }

    private static NpgsqlBatchCommand Locked(string[] webhooks) => new(
        "SELECT id FROM shop.webhooks WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE")
    {
        Parameters = { Array(webhooks, NpgsqlDbType.Varchar) },
    };

    private static NpgsqlParameter Array<T>(IEnumerable<T> values, NpgsqlDbType type) =>
        new() { Value = values.ToArray(), NpgsqlDbType = NpgsqlDbType.Array | type };
}
