using Npgsql;
using NpgsqlTypes;

namespace CardShop.Shop.Partners;

/// <summary>Between the webhooks' rows and records.</summary>
internal static class WebhookRows
{
    public const string Columns =
        """
        w.id, w.partner, w.url, w.events, w.skus, w.enabled, w.reason, w.created_at, w.pending, w.delivered, w.given_up,
        w.failing_since, w.missed_since, w.last_error, w.old_until
        """;

    /// <summary>How many those are.</summary>
    public const int Count = 15;

    public static Webhook Read(NpgsqlDataReader reader) => new(
        reader.GetString(0), reader.GetString(1), reader.GetString(2), Optional<string[]>(reader, 3),
        Optional<string[]>(reader, 4), reader.GetBoolean(5), Optional<string>(reader, 6),
        reader.GetFieldValue<DateTimeOffset>(7), reader.GetInt64(8), reader.GetInt64(9), reader.GetInt64(10), Time(reader, 11),
        Time(reader, 12), Optional<string>(reader, 13), Time(reader, 14));

    /// <summary>url, failing_since, kek, secret, old_kek, old_secret, old_until; deliveries follow.</summary>
    public static WebhookTarget ReadTarget(NpgsqlDataReader reader, DateTimeOffset now)
    {
        var secrets = new List<SealedSecret> { new(reader.GetString(2), reader.GetFieldValue<byte[]>(3)) };
        if (Time(reader, 6) > now)
        {
            secrets.Add(new(reader.GetString(4), reader.GetFieldValue<byte[]>(5)));
        }

        return new(new(reader.GetString(0)), secrets, Time(reader, 1), now, []);
    }

    /// <summary>The statements that settle outcomes, under the webhook's lock.</summary>
    /// <param name="claimedAt">Since when the webhook fails where it does so now: not after the first try of what failed.</param>
    public static IEnumerable<NpgsqlBatchCommand> Settle(
        string webhook, IReadOnlyList<WebhookOutcome> outcomes, DateTimeOffset claimedAt, DateTimeOffset now)
    {
        var over = outcomes.Where(o => o.Step is WebhookStep.Delivered or WebhookStep.GiveUp).Select(o => o.Delivery).ToList();
        var again = outcomes.Where(o => o.Step is WebhookStep.Retry or WebhookStep.Disable).ToList();
        if (over.Count > 0)
        {
            yield return new(
                """
                WITH gone AS (
                    DELETE FROM shop.webhook_deliveries d USING unnest($2, $3) AS t(order_id, log_offset)
                    WHERE d.webhook = $1 AND d.order_id = t.order_id AND d.log_offset = t.log_offset RETURNING 1)
                UPDATE shop.webhooks SET pending = pending - (SELECT count(*) FROM gone) WHERE id = $1
                """)
            {
                Parameters = { Text(webhook), Orders(over), Offsets(over) },
            };
        }

        if (again.Count > 0)
        {
            yield return new(
                """
                UPDATE shop.webhook_deliveries d SET due = CASE WHEN EXISTS (
                    SELECT 1 FROM shop.webhook_deliveries e
                    WHERE e.webhook = $1 AND e.order_id = d.order_id AND e.log_offset < d.log_offset) THEN NULL ELSE t.due END
                FROM unnest($2, $3, $4) AS t(order_id, log_offset, due)
                WHERE d.webhook = $1 AND d.order_id = t.order_id AND d.log_offset = t.log_offset
                """)
            {
                Parameters =
                {
                    Text(webhook), Orders(again.ConvertAll(o => o.Delivery)), Offsets(again.ConvertAll(o => o.Delivery)),
                    new()
                    {
                        Value = again.Select(o => o.Step is WebhookStep.Retry retry ? retry.At : now).ToArray(),
                        NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.TimestampTz,
                    },
                },
            };
        }

        yield return new(
            """
            UPDATE shop.webhook_deliveries d SET due = $3
            WHERE d.webhook = $1 AND d.order_id = ANY($2) AND d.due IS NULL AND NOT EXISTS (
                SELECT 1 FROM shop.webhook_deliveries e
                WHERE e.webhook = $1 AND e.order_id = d.order_id AND e.log_offset < d.log_offset)
            """)
        {
            Parameters = { Text(webhook), Orders(over), new() { Value = now } },
        };
        yield return Counted(webhook, outcomes, claimedAt);
    }

    private static NpgsqlBatchCommand Counted(
        string webhook, IReadOnlyList<WebhookOutcome> outcomes, DateTimeOffset claimedAt)
    {
        var delivered = outcomes.Count(o => o.Step is WebhookStep.Delivered);
        var error = outcomes.LastOrDefault(o => !o.Answer.IsSuccess)?.Answer.Text;
        return new(
            """
            UPDATE shop.webhooks SET delivered = delivered + $2, given_up = given_up + $3,
                failing_since = CASE WHEN $2 > 0 THEN NULL ELSE COALESCE(failing_since, $4) END,
                last_error = COALESCE($5, last_error)
            WHERE id = $1
            """)
        {
            Parameters =
            {
                Text(webhook), new() { Value = (long)delivered },
                new() { Value = (long)outcomes.Count(o => o.Step is WebhookStep.GiveUp) }, new() { Value = claimedAt },
                new() { Value = (object?)error ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text },
            },
        };
    }

    private static NpgsqlParameter Text(string value) => new() { Value = value };

    private static NpgsqlParameter Orders(IReadOnlyList<WebhookDelivery> deliveries) => new()
    {
        Value = deliveries.Select(d => d.OrderId).ToArray(),
        NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Varchar,
    };

    private static NpgsqlParameter Offsets(IReadOnlyList<WebhookDelivery> deliveries) => new()
    {
        Value = deliveries.Select(d => d.Offset).ToArray(),
        NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bigint,
    };

    private static T? Optional<T>(NpgsqlDataReader reader, int column)
        where T : class => reader.IsDBNull(column) ? null : reader.GetFieldValue<T>(column);

    private static DateTimeOffset? Time(NpgsqlDataReader reader, int column) =>
        reader.IsDBNull(column) ? null : reader.GetFieldValue<DateTimeOffset>(column);
}
