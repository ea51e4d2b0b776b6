using System.Text.Json;
using CardShop.Contracts;
using CardShop.Pipeline;
using Npgsql;
using NpgsqlTypes;

namespace CardShop.Shop.Partners;

/// <summary>Partners and their webhooks as an operator changes them; the publisher takes partners to the log.</summary>
public static class PartnerStore
{
    /// <summary>
    /// By how much the clock of whoever stops or enables a webhook may differ from the fleets', or these may be behind the
    /// log: events of that span may come twice, none is left out.
    /// </summary>
    private static readonly TimeSpan ClockSkew = TimeSpan.FromMinutes(5);

    /// <summary>Adds a partner, or changes the version that was read. Its version goes up by one.</summary>
    /// <exception cref="ConflictException">It was changed meanwhile, or is there already.</exception>
    public static async Task<int> PutAsync(NpgsqlDataSource database, Partner partner, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        var version = await PutAsync(connection, partner, cancellation);
        await CountAsync(connection, cancellation);
        await transaction.CommitAsync(cancellation);
        return version;
    }

    /// <summary>
    /// Lets a partner in, or shuts it out. Its webhooks miss what happens while it is shut out: since when is noted, and when it
    /// is let in they are sent that. Their own state stays as it is.
    /// </summary>
    /// <param name="partner">The version that was read.</param>
    /// <returns>Its enabled webhooks, and since when they miss events; of a partner that is let in, those that miss any.</returns>
    /// <exception cref="ConflictException">It was changed meanwhile.</exception>
    public static async Task<IReadOnlyList<(string Webhook, DateTimeOffset Since)>> SwitchAsync(
        NpgsqlDataSource database, Partner partner, bool isEnabled, DateTimeOffset now, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        await PutAsync(connection, partner with { Enabled = isEnabled }, cancellation);
        var missed = isEnabled
            ? await ResendAsync(connection, partner.Id, null, now, cancellation)
            : await NoteMissedAsync(connection, partner.Id, now, cancellation);
        // Last, as fleets do it: they lock webhooks, then this.
        await CountAsync(connection, cancellation);
        await transaction.CommitAsync(cancellation);
        return missed;
    }

    public static async Task<Partner?> FindAsync(NpgsqlDataSource database, string id, CancellationToken cancellation) =>
        (await ReadAsync(database, "WHERE id = $1", id, cancellation)).SingleOrDefault();

    /// <summary>All partners in the order of their ids.</summary>
    public static Task<IReadOnlyList<Partner>> ListAsync(NpgsqlDataSource database, CancellationToken cancellation) =>
        ReadAsync(database, "ORDER BY id", null, cancellation);

    /// <summary>All webhooks in the order of their partners.</summary>
    public static async Task<IReadOnlyList<Webhook>> WebhooksAsync(
        NpgsqlDataSource database, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            $"SELECT {WebhookRows.Columns} FROM shop.webhooks w ORDER BY w.partner, w.id");
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var webhooks = new List<Webhook>();
        while (await reader.ReadAsync(cancellation))
        {
            webhooks.Add(WebhookRows.Read(reader));
        }

        return webhooks;
    }

    /// <summary>Adds a webhook. Where its partner is shut out it misses events from now on.</summary>
    public static async Task AddWebhookAsync(
        NpgsqlDataSource database, Webhook webhook, SealedSecret secret, CancellationToken cancellation)
    {
        await WriteAsync(
            database,
            """
            INSERT INTO shop.webhooks (id, partner, url, events, skus, secret, kek, created_at, missed_since)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, (
                SELECT $8 FROM shop.mt_doc_partner WHERE id = $2 AND NOT (data ->> 'enabled')::boolean))
            """,
            [
                new() { Value = webhook.Id }, new() { Value = webhook.Partner }, new() { Value = webhook.Url },
                Texts(webhook.Events), Texts(webhook.Skus), new() { Value = secret.Bytes },
                new() { Value = secret.KeyEncryptionKey }, new() { Value = webhook.CreatedAt },
            ],
            cancellation);
    }

    /// <summary>
    /// A new secret; the present one signs too until <paramref name="oldUntil"/>. Where the one before the present one does so
    /// still, it goes on instead: of a secret that was changed again so soon nobody knows whether the partner ever got it.
    /// </summary>
    /// <returns>True where the one before the present one goes on; null where there is no such webhook.</returns>
    public static async Task<bool?> RotateSecretAsync(
        NpgsqlDataSource database, string webhook, SealedSecret secret, DateTimeOffset oldUntil, DateTimeOffset now,
        CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        await using var command = new NpgsqlCommand(
            """
            UPDATE shop.webhooks w
            SET old_secret = CASE WHEN b.again THEN w.old_secret ELSE w.secret END,
                old_kek = CASE WHEN b.again THEN w.old_kek ELSE w.kek END,
                old_until = $4, secret = $2, kek = $3
            FROM (
                SELECT id, COALESCE(old_until > $5, false) AS again FROM shop.webhooks WHERE id = $1 FOR NO KEY UPDATE) b
            WHERE w.id = b.id
            RETURNING b.again
            """,
            connection, transaction)
        {
            Parameters =
            {
                new() { Value = webhook }, new() { Value = secret.Bytes }, new() { Value = secret.KeyEncryptionKey },
                new() { Value = oldUntil }, new() { Value = now },
            },
        };
        var again = await command.ExecuteScalarAsync(cancellation) as bool?;
        await CountAsync(connection, cancellation);
        await transaction.CommitAsync(cancellation);
        return again;
    }

    /// <summary>Stops a webhook.</summary>
    /// <returns>False where there is no such webhook, or it was stopped already.</returns>
    public static Task<bool> DisableWebhookAsync(
        NpgsqlDataSource database, string webhook, string reason, DateTimeOffset now, CancellationToken cancellation) =>
        WriteAsync(
            database,
            """
            UPDATE shop.webhooks SET enabled = false, reason = $2, missed_since = LEAST(missed_since, $3, (
                SELECT min(event_time) FROM shop.webhook_deliveries WHERE webhook = $1))
            WHERE id = $1 AND enabled
            """,
            [new() { Value = webhook }, new() { Value = reason }, new() { Value = now - ClockSkew }],
            cancellation);

    /// <summary>
    /// Calls a webhook again, and has sent to it what it missed meanwhile; where its partner is shut out, when that is let in.
    /// </summary>
    /// <returns>False where there is no such webhook, or it was not disabled.</returns>
    public static async Task<bool> EnableWebhookAsync(
        NpgsqlDataSource database, Webhook webhook, DateTimeOffset now, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        var isPartnerIn = await IsInAsync(connection, webhook.Partner, cancellation);
        await using var command = new NpgsqlCommand(
            """
            UPDATE shop.webhooks
            SET enabled = true, reason = NULL, failing_since = NULL, missed_since = COALESCE(missed_since, $2)
            WHERE id = $1 AND NOT enabled
            """,
            connection, transaction)
        {
            Parameters =
            {
                new() { Value = webhook.Id },
                new()
                {
                    Value = isPartnerIn ? DBNull.Value : now - ClockSkew, NpgsqlDbType = NpgsqlDbType.TimestampTz,
                },
            },
        };
        if (await command.ExecuteNonQueryAsync(cancellation) == 0)
        {
            return false;
        }

        if (isPartnerIn)
        {
            await ResendAsync(connection, webhook.Partner, webhook.Id, now, cancellation);
        }

        await CountAsync(connection, cancellation);
        await transaction.CommitAsync(cancellation);
        return true;
    }

    /// <summary>Whether a partner is let in. Nobody changes that before this transaction's end.</summary>
    private static async Task<bool> IsInAsync(NpgsqlConnection connection, string partner, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(
            "SELECT (data ->> 'enabled')::boolean FROM shop.mt_doc_partner WHERE id = $1 FOR SHARE", connection);
        command.Parameters.Add(new() { Value = partner });
        return await command.ExecuteScalarAsync(cancellation) is true;
    }

    /// <summary>Writes down since when a partner's webhooks miss events. What they have still to get waits, and needs no note.</summary>
    private static async Task<IReadOnlyList<(string Webhook, DateTimeOffset Since)>> NoteMissedAsync(
        NpgsqlConnection connection, string partner, DateTimeOffset now, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(
            """
            UPDATE shop.webhooks w SET missed_since = COALESCE(w.missed_since, $2)
            FROM (SELECT id FROM shop.webhooks WHERE partner = $1 AND enabled ORDER BY id FOR NO KEY UPDATE) m
            WHERE w.id = m.id
            RETURNING w.id, w.missed_since
            """,
            connection);
        command.Parameters.Add(new() { Value = partner });
        command.Parameters.Add(new() { Value = now - ClockSkew });
        return await MissedAsync(command, cancellation);
    }

    /// <summary>
    /// Has sent to enabled webhooks what they missed. The time in which nobody called them does not count against them, nor
    /// against an event that they have still to get.
    /// </summary>
    /// <param name="webhook">Null = all of the partner.</param>
    private static async Task<IReadOnlyList<(string Webhook, DateTimeOffset Since)>> ResendAsync(
        NpgsqlConnection connection, string partner, string? webhook, DateTimeOffset now, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(
            """
            UPDATE shop.webhooks w SET failing_since = NULL, missed_since = NULL
            FROM (
                SELECT id, missed_since FROM shop.webhooks
                WHERE partner = $1 AND ($2 IS NULL OR id = $2) AND enabled AND missed_since IS NOT NULL
                ORDER BY id FOR NO KEY UPDATE) m
            WHERE w.id = m.id
            RETURNING m.id, m.missed_since
            """,
            connection);
        command.Parameters.Add(new() { Value = partner });
        command.Parameters.Add(new() { Value = (object?)webhook ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Varchar });
        var missed = await MissedAsync(command, cancellation);
        await using var fresh = new NpgsqlCommand(
            "UPDATE shop.webhook_deliveries SET first_try = NULL WHERE webhook = ANY($1) AND first_try IS NOT NULL", connection);
        fresh.Parameters.Add(new()
        {
            Value = missed.Select(m => m.Webhook).ToArray(),
            NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Varchar,
        });
        await fresh.ExecuteNonQueryAsync(cancellation);
        foreach (var (id, since) in missed)
        {
            await WebhookReplays.RequestAsync(
                connection, $"enabled-{id}-{now.ToUnixTimeMilliseconds()}", new(partner, since, now + ClockSkew, now, id),
                cancellation);
        }

        return missed;
    }

    private static async Task<IReadOnlyList<(string Webhook, DateTimeOffset Since)>> MissedAsync(
        NpgsqlCommand command, CancellationToken cancellation)
    {
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var missed = new List<(string Webhook, DateTimeOffset Since)>();
        while (await reader.ReadAsync(cancellation))
        {
            missed.Add((reader.GetString(0), await reader.GetFieldValueAsync<DateTimeOffset>(1, cancellation)));
        }

        return missed;
    }

    private static async Task<int> PutAsync(NpgsqlConnection connection, Partner partner, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(
            """
            INSERT INTO shop.mt_doc_partner AS p (id, data, mt_dotnet_type, mt_version)
            VALUES ($1, $2, 'CardShop.Contracts.Partner', 1)
            ON CONFLICT (id) DO UPDATE
            SET data = excluded.data, mt_version = p.mt_version + 1, mt_last_modified = transaction_timestamp()
            WHERE p.mt_version = $3
            RETURNING mt_version
            """,
            connection)
        {
            Parameters =
            {
                new() { Value = partner.Id },
                new()
                {
                    Value = JsonSerializer.Serialize(partner, ContractsJson.Default.Partner),
                    NpgsqlDbType = NpgsqlDbType.Jsonb,
                },
                new() { Value = partner.Version },
            },
        };
        return await command.ExecuteScalarAsync(cancellation) as int?
            ?? throw new ConflictException($"Partner {partner.Id} was changed by somebody else meanwhile");
    }

    /// <summary>Takes the commit number that every transaction takes at its end.</summary>
    private static async Task CountAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand("UPDATE shop.commit_no SET n = n + 1", connection);
        await command.ExecuteNonQueryAsync(cancellation);
    }

    private static async Task<bool> WriteAsync(
        NpgsqlDataSource database, string sql, IReadOnlyList<NpgsqlParameter> parameters, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        var command = new NpgsqlBatchCommand(sql);
        foreach (var parameter in parameters)
        {
            command.Parameters.Add(parameter);
        }

        await using var batch = new NpgsqlBatch(connection, transaction)
        {
            BatchCommands = { command, new("UPDATE shop.commit_no SET n = n + 1") },
        };
        await batch.ExecuteNonQueryAsync(cancellation);
        await transaction.CommitAsync(cancellation);
        return command.Rows > 0;
    }

    private static async Task<IReadOnlyList<Partner>> ReadAsync(
        NpgsqlDataSource database, string which, string? id, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand($"SELECT data, mt_version FROM shop.mt_doc_partner {which}");
        if (id is not null)
        {
            command.Parameters.Add(new() { Value = id });
        }

        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var partners = new List<Partner>();
        while (await reader.ReadAsync(cancellation))
        {
            partners.Add(JsonSerializer.Deserialize(
                await reader.GetFieldValueAsync<byte[]>(0, cancellation), ContractsJson.Default.Partner)! with
            {
                Version = reader.GetInt32(1),
            });
        }

        return partners;
    }

    private static NpgsqlParameter Texts(IReadOnlyList<string>? values) => new()
    {
        Value = (object?)values?.ToArray() ?? DBNull.Value,
        NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text,
    };
}
