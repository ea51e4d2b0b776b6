using CardShop.Contracts;
using CardShop.Pipeline;
using CardShop.Pipeline.Batches;
using CardShop.Pipeline.Log;
using Microsoft.Extensions.Logging;
using Npgsql;
using NpgsqlTypes;

namespace CardShop.Shop.Partners;

/// <summary>
/// Sends events of a span of time again: a part at a time, read from the log, added to what webhooks have to get. Its
/// position moves in the transaction that adds, so a restart goes on where it stopped.
/// </summary>
public sealed class WebhookReplays(
    NpgsqlDataSource database, ILogRanges log, WebhookStore webhooks, RollbackFence fence, TimeProvider time, Random random,
    ILogger<WebhookReplays> logger)
{
    private const int Part = 500;

    /// <summary>While a partner's webhooks have more to get than this, its replay waits.</summary>
    private const int PendingLimit = 5_000;

    /// <summary>Which replays r go on; $1 is the limit. For a webhook or partner that is disabled one waits: it may be enabled.</summary>
    private const string CanGoOn =
        """
        NOT EXISTS (SELECT 1 FROM shop.webhooks w WHERE w.partner = r.partner AND w.pending > $1)
        AND NOT EXISTS (SELECT 1 FROM shop.webhooks w WHERE w.id = r.webhook AND NOT w.enabled)
        AND NOT EXISTS (SELECT 1 FROM shop.mt_doc_partner p WHERE p.id = r.partner AND NOT (p.data ->> 'enabled')::boolean)
        """;

    /// <summary>An event can stand in the outbox before it is appended; one that stood there longer is not found.</summary>
    private static readonly TimeSpan LongestDelay = TimeSpan.FromHours(6);

    private static readonly TimeSpan Every = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>Notes a request; its repeat changes nothing.</summary>
    public static async Task RequestAsync(
        NpgsqlConnection connection, string id, WebhookReplayRequested request, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(
            """
            INSERT INTO shop.webhook_replays (id, partner, webhook, after, until, requested_at)
            VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING
            """,
            connection)
        {
            Parameters =
            {
                new() { Value = id },
                new() { Value = request.PartnerId },
                new() { Value = (object?)request.Webhook ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Varchar },
                new() { Value = request.After.ToUniversalTime() },
                new() { Value = request.Until.ToUniversalTime() },
                new() { Value = request.RequestedAt.ToUniversalTime() },
            },
        };
        await command.ExecuteNonQueryAsync(cancellation);
    }

    public async Task RunAsync(CancellationToken cancellation)
    {
        var backoff = new Backoff(time, random, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(30));
        while (!cancellation.IsCancellationRequested)
        {
            try
            {
                var worked = await fence.ProbeAsync(cancellation) && await StepAsync(cancellation);
                backoff.Reset();
                if (!worked)
                {
                    await Task.Delay(Every, time, cancellation);
                }
            }
            catch (Exception e) when (Failures.IsPlace(e) && !cancellation.IsCancellationRequested)
            {
                ShopLog.ScanFailed(logger, "webhook replays", e.Message);
                await backoff.WaitAsync(cancellation);
            }
        }
    }

    /// <returns>True where there may be more to do at once.</returns>
    private async Task<bool> StepAsync(CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        if (await NextAsync(connection, cancellation) is not { } replay)
        {
            return false;
        }

        replay = replay.Positions is null ? await BeginAsync(replay, cancellation) : replay;
        if (await ReadAsync(replay, cancellation) is not { } records)
        {
            await RestartAsync(connection, replay.Id, cancellation);
            await transaction.CommitAsync(cancellation);
            ShopLog.ScanFailed(
                logger, "webhook replays",
                $"the log has not what replay {replay.Id} was to read next; it begins anew, from the time that was asked for");
            return false;
        }

        // Reading takes its time: who was disabled meanwhile gets this part when he is enabled.
        if (!await CanGoOnAsync(connection, replay.Id, cancellation))
        {
            return false;
        }

        var subscriptions = await SubscriptionsAsync(connection, replay, cancellation);
        var deliveries = new List<(string, PartnerEvent)>();
        foreach (var record in records.Where(r => r.Offset < replay.Ends![r.Partition.Partition]))
        {
            replay.Positions![record.Partition.Partition] = record.Timestamp > replay.Until + LongestDelay
                ? replay.Ends![record.Partition.Partition]
                : record.Offset + 1;
            if (PartnerEvent.Read(record) is { } e && e.Time >= replay.After && e.Time < replay.Until)
            {
                deliveries.AddRange(subscriptions.Where(s => s.Wants(e)).Select(s => (s.Webhook, e)));
            }
        }

        var disabled = await webhooks.AddAsync(connection, deliveries, time.GetUtcNow(), cancellation);
        var sent = replay.Sent + deliveries.Count;
        var isDone = Open(replay).Count == 0;
        await MoveAsync(connection, replay with { Sent = sent }, isDone, cancellation);
        await transaction.CommitAsync(cancellation);
        foreach (var webhook in disabled)
        {
            ShopLog.WebhookDisabled(logger, webhook, "too many undelivered events");
        }

        if (isDone)
        {
            ShopLog.WebhooksReplayed(logger, replay.Partner, sent);
        }

        return isDone || records.Count > 0;
    }

    private static async Task<IReadOnlyList<Subscription>> SubscriptionsAsync(
        NpgsqlConnection connection, Replay replay, CancellationToken cancellation) =>
    [
        .. (await WebhookStore.SubscriptionsAsync(connection, cancellation))
            .Where(s => s.Partner.Id == replay.Partner && (replay.Webhook is null || replay.Webhook == s.Webhook)),
    ];

    /// <returns>
    /// The next records; null where the log has not what was to be read: it was trimmed meanwhile, or it is not the one that the
    /// replay was begun on.
    /// </returns>
    private async Task<IReadOnlyList<LogIncoming>?> ReadAsync(Replay replay, CancellationToken cancellation)
    {
        var open = Open(replay);
        if (open.Count == 0)
        {
            return [];
        }

        try
        {
            var records = await log.ReadAsync(open, Part, Patience, cancellation);
            return records.Count > 0 || await ReachesEndsAsync(replay, cancellation) ? records : null;
        }
        catch (TrimmedException)
        {
            return null;
        }
    }

    /// <summary>False where the log ends before the replay does.</summary>
    private async Task<bool> ReachesEndsAsync(Replay replay, CancellationToken cancellation)
    {
        var bounds = await log.BoundsAsync(Topics.Deliveries, cancellation);
        return Open(replay).Keys.All(p => bounds[p].Next >= replay.Ends![p.Partition]);
    }

    /// <summary>The partitions that are not read to their end.</summary>
    private static Dictionary<PartitionKey, long> Open(Replay replay) =>
        replay.Positions!.Select((position, partition) => (position, partition))
            .Where(p => p.position < replay.Ends![p.partition])
            .ToDictionary(p => new PartitionKey(Topics.Deliveries.Name, p.partition), p => p.position);

    private async Task<Replay> BeginAsync(Replay replay, CancellationToken cancellation)
    {
        var starts = await log.OffsetsAtAsync(Topics.Deliveries, replay.After, cancellation);
        var bounds = await log.BoundsAsync(Topics.Deliveries, cancellation);
        return replay with
        {
            Positions = [.. starts.OrderBy(p => p.Key).Select(p => Math.Max(p.Value, bounds[p.Key].First))],
            Ends = [.. bounds.OrderBy(p => p.Key).Select(p => p.Value.Next)],
        };
    }

    private static async Task<bool> CanGoOnAsync(NpgsqlConnection connection, string replay, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(
            $"SELECT EXISTS (SELECT 1 FROM shop.webhook_replays r WHERE r.id = $2 AND {CanGoOn})", connection);
        command.Parameters.Add(new() { Value = (long)PendingLimit });
        command.Parameters.Add(new() { Value = replay });
        return await command.ExecuteScalarAsync(cancellation) is true;
    }

    private static async Task<Replay?> NextAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(
            $"""
            SELECT id, partner, webhook, after, until, positions, ends, sent FROM shop.webhook_replays r
            WHERE {CanGoOn} ORDER BY requested_at LIMIT 1 FOR UPDATE SKIP LOCKED
            """,
            connection);
        command.Parameters.Add(new() { Value = (long)PendingLimit });
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        return await reader.ReadAsync(cancellation)
            ? new(
                reader.GetString(0), reader.GetString(1),
                await reader.IsDBNullAsync(2, cancellation) ? null : reader.GetString(2),
                await reader.GetFieldValueAsync<DateTimeOffset>(3, cancellation),
                await reader.GetFieldValueAsync<DateTimeOffset>(4, cancellation),
                await reader.IsDBNullAsync(5, cancellation) ? null : await reader.GetFieldValueAsync<long[]>(5, cancellation),
                await reader.IsDBNullAsync(6, cancellation) ? null : await reader.GetFieldValueAsync<long[]>(6, cancellation),
                reader.GetInt64(7))
            : null;
    }

    private static async Task MoveAsync(NpgsqlConnection connection, Replay replay, bool done, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(
            done
                ? "DELETE FROM shop.webhook_replays WHERE id = $1"
                : "UPDATE shop.webhook_replays SET positions = $2, ends = $3, sent = $4 WHERE id = $1",
            connection);
        command.Parameters.Add(new() { Value = replay.Id });
        if (!done)
        {
            command.Parameters.Add(new() { Value = replay.Positions! });
            command.Parameters.Add(new() { Value = replay.Ends! });
            command.Parameters.Add(new() { Value = replay.Sent });
        }

        await command.ExecuteNonQueryAsync(cancellation);
    }

    private static async Task RestartAsync(NpgsqlConnection connection, string replay, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(
            "UPDATE shop.webhook_replays SET positions = NULL, ends = NULL WHERE id = $1", connection);
        command.Parameters.Add(new() { Value = replay });
        await command.ExecuteNonQueryAsync(cancellation);
    }

    /// <param name="Positions">Per partition the next offset; null = not begun.</param>
    /// <param name="Ends">Per partition where it stops: what is appended later goes out anyway.</param>
    private sealed record Replay(
        string Id, string Partner, string? Webhook, DateTimeOffset After, DateTimeOffset Until, long[]? Positions,
        long[]? Ends, long Sent);
}
