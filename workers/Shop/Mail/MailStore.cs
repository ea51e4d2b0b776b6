using System.Collections.Frozen;
using CardShop.Contracts;
using CardShop.Shop.Partners;
using Npgsql;
using NpgsqlTypes;

namespace CardShop.Shop.Mail;

/// <summary>A mail that is in hand.</summary>
/// <param name="Tries">The present one included.</param>
public sealed record DueMail(string EventId, string OrderId, MailKind Kind, int Tries, DateTimeOffset FirstTry);

/// <summary>What came of it.</summary>
public sealed record MailOutcome(DueMail Mail, MailAnswer Answer, MailStep Step);

/// <summary>A mail that waits or failed, for operators.</summary>
public sealed record MailRow(
    string OrderId, MailKind Kind, MailState State, int Tries, DateTimeOffset AddedAt, DateTimeOffset? Due, string? LastError);

/// <summary>What is to be sent to buyers, in PostgreSQL: neither contact nor key text.</summary>
public sealed class MailStore(NpgsqlDataSource database, MailOptions options)
{
    /// <summary>How long a claimed mail is nobody else's; then its process is taken for dead.</summary>
    public static readonly TimeSpan Lease = TimeSpan.FromSeconds(60);

    private const int CleanAtOnce = 1_000;

    /// <summary>
    /// Which events are written about. Not <see cref="MessageTypes.OrderExpired"/>: whoever orders without paying could
    /// have mail sent to anybody.
    /// </summary>
    private static readonly FrozenDictionary<string, MailKind> Kinds = new Dictionary<string, MailKind>
    {
        [MessageTypes.OrderDelivered] = MailKind.Delivered,
        [MessageTypes.KeyReplaced] = MailKind.Replaced,
        [MessageTypes.OrderRefunded] = MailKind.Refunded,
    }.ToFrozenDictionary();

    /// <summary>Adds mails for events, in the caller's transaction; those that are known are passed over.</summary>
    public async Task AddAsync(
        NpgsqlConnection connection, IEnumerable<PartnerEvent> events, DateTimeOffset now, CancellationToken cancellation)
    {
        // What was sent is remembered for so long only.
        var wanted = events.Where(e => Kinds.ContainsKey(e.Type) && e.Time > now - options.Keep).ToList();
        if (wanted.Count == 0)
        {
            return;
        }

        await using var command = new NpgsqlCommand(
            """
            INSERT INTO shop.mails (event_id, order_id, kind, due, added_at)
            SELECT t.event_id, t.order_id, t.kind, $4, $4 FROM unnest($1, $2, $3) AS t(event_id, order_id, kind)
            ON CONFLICT DO NOTHING
            """,
            connection);
        command.Parameters.Add(Array(wanted.Select(e => e.Id), NpgsqlDbType.Text));
        command.Parameters.Add(Array(wanted.Select(e => e.OrderId), NpgsqlDbType.Varchar));
        command.Parameters.Add(Array(wanted.Select(e => Name(Kinds[e.Type])), NpgsqlDbType.Text));
        command.Parameters.Add(new() { Value = now });
        await command.ExecuteNonQueryAsync(cancellation);
    }

    /// <summary>Takes due mails, the longest due first, for the length of a lease.</summary>
    public async Task<IReadOnlyList<DueMail>> ClaimAsync(DateTimeOffset now, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            """
            UPDATE shop.mails m SET due = $1 + $2, tries = m.tries + 1, first_try = COALESCE(m.first_try, $1)
            FROM (
                SELECT event_id FROM shop.mails WHERE due <= $1 ORDER BY due LIMIT $3 FOR NO KEY UPDATE SKIP LOCKED) t
            WHERE m.event_id = t.event_id
            RETURNING m.event_id, m.order_id, m.kind, m.tries, m.first_try
            """);
        command.Parameters.Add(new() { Value = now });
        command.Parameters.Add(new() { Value = Lease });
        command.Parameters.Add(new() { Value = options.Concurrency });
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var mails = new List<DueMail>();
        while (await reader.ReadAsync(cancellation))
        {
            mails.Add(new(
                reader.GetString(0), reader.GetString(1), Enum.Parse<MailKind>(reader.GetString(2), ignoreCase: true),
                reader.GetInt32(3), await reader.GetFieldValueAsync<DateTimeOffset>(4, cancellation)));
        }

        return mails;
    }

    /// <summary>Writes down what came of claimed mails; of one that another process has taken over since, nothing.</summary>
    public async Task SettleAsync(
        IReadOnlyList<MailOutcome> outcomes, DateTimeOffset now, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            """
            UPDATE shop.mails m
            SET state = t.state, due = t.due, tries = m.tries - t.uncounted, last_error = t.error,
                settled_at = CASE WHEN t.due IS NULL THEN $7 END
            FROM unnest($1, $2, $3, $4, $5, $6) AS t(event_id, tries, state, due, uncounted, error)
            WHERE m.event_id = t.event_id AND m.state = 'waiting' AND m.tries = t.tries
            """);
        command.Parameters.Add(Array(outcomes.Select(o => o.Mail.EventId), NpgsqlDbType.Text));
        command.Parameters.Add(Array(outcomes.Select(o => o.Mail.Tries), NpgsqlDbType.Integer));
        command.Parameters.Add(Array(outcomes.Select(o => Name(o.Step.State)), NpgsqlDbType.Text));
        command.Parameters.Add(Array(outcomes.Select(o => o.Step.Due), NpgsqlDbType.TimestampTz));
        command.Parameters.Add(Array(outcomes.Select(o => o.Step.Counts ? 0 : 1), NpgsqlDbType.Integer));
        command.Parameters.Add(Array(outcomes.Select(o => o.Answer.Error), NpgsqlDbType.Text));
        command.Parameters.Add(new() { Value = now });
        await command.ExecuteNonQueryAsync(cancellation);
    }

    /// <summary>Forgets what was over long ago, a part at a time. What failed stays.</summary>
    public async Task CleanAsync(DateTimeOffset now, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            """
            DELETE FROM shop.mails WHERE event_id IN (
                SELECT event_id FROM shop.mails WHERE state IN ('sent', 'no-address') AND settled_at < $1
                ORDER BY settled_at LIMIT $2 FOR UPDATE SKIP LOCKED)
            """);
        command.Parameters.Add(new() { Value = now - options.Keep });
        command.Parameters.Add(new() { Value = CleanAtOnce });
        await command.ExecuteNonQueryAsync(cancellation);
    }

    /// <summary>What waits and what failed, or the latter alone: failed first, the oldest first.</summary>
    public static async Task<IReadOnlyList<MailRow>> ListAsync(
        NpgsqlDataSource database, bool failedOnly, int limit, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            """
            (SELECT order_id, kind, state, tries, added_at, due, last_error FROM shop.mails
             WHERE state = 'failed' ORDER BY settled_at LIMIT $2)
            UNION ALL
            (SELECT order_id, kind, state, tries, added_at, due, last_error FROM shop.mails
             WHERE due IS NOT NULL AND NOT $1 ORDER BY due LIMIT $2)
            LIMIT $2
            """);
        command.Parameters.Add(new() { Value = failedOnly });
        command.Parameters.Add(new() { Value = limit });
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var rows = new List<MailRow>();
        while (await reader.ReadAsync(cancellation))
        {
            rows.Add(new(
                reader.GetString(0), Enum.Parse<MailKind>(reader.GetString(1), ignoreCase: true),
                reader.GetString(2) == "failed" ? MailState.Failed : MailState.Waiting, reader.GetInt32(3),
                await reader.GetFieldValueAsync<DateTimeOffset>(4, cancellation),
                await reader.IsDBNullAsync(5, cancellation)
                    ? null
                    : await reader.GetFieldValueAsync<DateTimeOffset>(5, cancellation),
                await reader.IsDBNullAsync(6, cancellation) ? null : reader.GetString(6)));
        }

        return rows;
    }

    /// <summary>
    /// Makes mails due again: what failed, with a new span of tries, and what waits for a later try. What a sender may
    /// have in hand is left alone.
    /// </summary>
    /// <param name="orderId">Null = whatever failed, of all orders.</param>
    /// <returns>How many.</returns>
    public static async Task<int> RetryAsync(
        NpgsqlDataSource database, string? orderId, DateTimeOffset now, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            """
            UPDATE shop.mails SET due = $2, settled_at = NULL, state = 'waiting',
                tries = CASE state WHEN 'failed' THEN 0 ELSE tries END,
                first_try = CASE state WHEN 'failed' THEN NULL ELSE first_try END
            WHERE ($1::varchar IS NULL AND state = 'failed')
               OR (order_id = $1 AND (state = 'failed' OR due > $2 + $3))
            """);
        command.Parameters.Add(new() { Value = (object?)orderId ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Varchar });
        command.Parameters.Add(new() { Value = now });
        command.Parameters.Add(new() { Value = Lease });
        return await command.ExecuteNonQueryAsync(cancellation);
    }

    /// <summary>As it stands in the table.</summary>
    public static string Name(MailKind kind) => kind switch
    {
        MailKind.Delivered => "delivered",
        MailKind.Replaced => "replaced",
        MailKind.Refunded => "refunded",
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "no such kind"),
    };

    /// <summary>As it stands in the table.</summary>
    public static string Name(MailState state) => state switch
    {
        MailState.Waiting => "waiting",
        MailState.Sent => "sent",
        MailState.NoAddress => "no-address",
        MailState.Failed => "failed",
        _ => throw new ArgumentOutOfRangeException(nameof(state), state, "no such state"),
    };

    private static NpgsqlParameter Array<T>(IEnumerable<T> values, NpgsqlDbType type) =>
        new() { Value = values.ToArray(), NpgsqlDbType = NpgsqlDbType.Array | type };
}
