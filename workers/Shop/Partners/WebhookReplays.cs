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
            catch (Exception e) when (
                (Failures.IsPlace(e) || e is TrimmedException) && !cancellation.IsCancellationRequested)
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
        var open = Open(replay);
        var records = open.Count == 0 ? [] : await log.ReadAsync(open, Part, Patience, cancellation);
        var subscriptions = (await WebhookStore.SubscriptionsAsync(connection, cancellation))
            .Where(s => s.Partner.Id == replay.Partner && (replay.Webhook is null || replay.Webhook == s.Webhook)).ToList();
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

        await webhooks.AddAsync(connection, deliveries, time.GetUtcNow(), cancellation);
        var sent = replay.Sent + deliveries.Count;
        await MoveAsync(connection, replay with { Sent = sent }, Open(replay).Count == 0, cancellation);
        await transaction.CommitAsync(cancellation);
        if (Open(replay).Count == 0)
        {
            ShopLog.WebhooksReplayed(logger, replay.Partner, sent);
        }

        return true;
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

    private static async Task<Replay?> NextAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(
            """
            SELECT id, partner, webhook, after, until, positions, ends, sent FROM shop.webhook_replays r
            WHERE NOT EXISTS (SELECT 1 FROM shop.webhooks w WHERE w.partner = r.partner AND w.pending > $1)
            ORDER BY requested_at LIMIT 1 FOR UPDATE SKIP LOCKED
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

    /// <param name="Positions">Per partition the next offset; null = not begun.</param>
    /// <param name="Ends">Per partition where it stops: what is appended later goes out anyway.</param>
    private sealed record Replay(
        string Id, string Partner, string? Webhook, DateTimeOffset After, DateTimeOffset Until, long[]? Positions,
        long[]? Ends, long Sent);
}
