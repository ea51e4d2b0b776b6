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
    /// By how much the clock of whoever enables a webhook may be behind the fleets': events of that span may come twice,
    /// none is left out.
    /// </summary>
    private static readonly TimeSpan ClockSkew = TimeSpan.FromMinutes(5);

    /// <summary>Adds a partner, or changes the version that was read. Its version goes up by one.</summary>
    /// <exception cref="ConflictException">It was changed meanwhile, or is there already.</exception>
    public static async Task<int> PutAsync(NpgsqlDataSource database, Partner partner, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        await using var batch = new NpgsqlBatch(connection, transaction)
        {
            BatchCommands =
            {
                new(
                    """
                    INSERT INTO shop.mt_doc_partner AS p (id, data, mt_dotnet_type, mt_version)
                    VALUES ($1, $2, 'CardShop.Contracts.Partner', 1)
                    ON CONFLICT (id) DO UPDATE
                    SET data = excluded.data, mt_version = p.mt_version + 1, mt_last_modified = transaction_timestamp()
                    WHERE p.mt_version = $3
                    RETURNING mt_version
                    """)
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
                },
                new("UPDATE shop.commit_no SET n = n + 1"),
            },
        };
        var version = await batch.ExecuteScalarAsync(cancellation) as int?
            ?? throw new ConflictException($"Partner {partner.Id} was changed by somebody else meanwhile");
        await transaction.CommitAsync(cancellation);
        return version;
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

    public static async Task AddWebhookAsync(
        NpgsqlDataSource database, Webhook webhook, SealedSecret secret, CancellationToken cancellation)
    {
        await WriteAsync(
            database,
            """
            INSERT INTO shop.webhooks (id, partner, url, events, skus, secret, kek, created_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
            """,
            [
                new() { Value = webhook.Id }, new() { Value = webhook.Partner }, new() { Value = webhook.Url },
                Texts(webhook.Events), Texts(webhook.Skus), new() { Value = secret.Bytes },
                new() { Value = secret.KeyEncryptionKey }, new() { Value = webhook.CreatedAt },
            ],
            cancellation);
    }

    /// <summary>A new secret; the present one signs too until <paramref name="oldUntil"/>.</summary>
    /// <returns>False where there is no such webhook.</returns>
    public static Task<bool> RotateSecretAsync(
        NpgsqlDataSource database, string webhook, SealedSecret secret, DateTimeOffset oldUntil,
        CancellationToken cancellation) =>
        WriteAsync(
            database,
            """
            UPDATE shop.webhooks
            SET old_secret = secret, old_kek = kek, old_until = $4, secret = $2, kek = $3 WHERE id = $1
            """,
            [
                new() { Value = webhook }, new() { Value = secret.Bytes }, new() { Value = secret.KeyEncryptionKey },
                new() { Value = oldUntil },
            ],
            cancellation);

    /// <summary>Stops a webhook.</summary>
    /// <returns>False where there is no such webhook, or it was stopped already.</returns>
    public static Task<bool> DisableWebhookAsync(
        NpgsqlDataSource database, string webhook, string reason, DateTimeOffset now, CancellationToken cancellation) =>
        WriteAsync(
            database,
            """
            UPDATE shop.webhooks SET enabled = false, reason = $2, missed_since = COALESCE((
                SELECT min(event_time) FROM shop.webhook_deliveries WHERE webhook = $1), $3)
            WHERE id = $1 AND enabled
            """,
            [new() { Value = webhook }, new() { Value = reason }, new() { Value = now }],
            cancellation);

    /// <summary>Calls a webhook again, and has sent to it what it missed meanwhile.</summary>
    /// <returns>False where there is no such webhook, or it was not disabled.</returns>
    public static async Task<bool> EnableWebhookAsync(
        NpgsqlDataSource database, Webhook webhook, DateTimeOffset now, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        await using var batch = new NpgsqlBatch(connection, transaction)
        {
            BatchCommands =
            {
                new(
                    """
                    UPDATE shop.webhooks SET enabled = true, reason = NULL, failing_since = NULL, missed_since = NULL
                    WHERE id = $1 AND NOT enabled
                    """)
                {
                    Parameters = { new() { Value = webhook.Id } },
                },
                new("UPDATE shop.commit_no SET n = n + 1"),
            },
        };
        await batch.ExecuteNonQueryAsync(cancellation);
        if (batch.BatchCommands[0].Rows == 0)
        {
            return false;
        }

        if (webhook.MissedSince is { } missed)
        {
            await WebhookReplays.RequestAsync(
                connection, $"enabled-{webhook.Id}-{now.ToUnixTimeMilliseconds()}",
                new(webhook.Partner, missed, now + ClockSkew, now, webhook.Id), cancellation);
        }

        await transaction.CommitAsync(cancellation);
        return true;
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
