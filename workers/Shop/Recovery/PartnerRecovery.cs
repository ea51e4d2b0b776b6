using System.Globalization;
using System.Text.Json;
using CardShop.Contracts;
using CardShop.Pipeline.Batches;
using CardShop.Shop.Mail;
using CardShop.Shop.Partners;
using CardShop.Shop.Store;
using Npgsql;
using NpgsqlTypes;

namespace CardShop.Shop.Recovery;

/// <summary>
/// What webhooks and buyers were to get since the backup. Which of it went out is not known: all of it goes out again, under
/// the same event ids. A database without webhooks and mails has nobody to tell. A webhook with too much to get is disabled, as
/// the fleets do it; the report names it, and enabling it sends all of it.
/// </summary>
internal sealed class PartnerRecovery(NpgsqlDataSource database, RangeSweep sweep, TimeProvider time, RecoveryReport report)
{
    private const int Page = 1_000;

    /// <summary>It marks a disabled webhook as this recovery's, also where it was interrupted and is run again.</summary>
    private const string TooMany = "a recovery had more events for it than it may have to get";

    /// <summary>Not the fleets' own, which it does not know; they disable what has more than theirs say.</summary>
    internal WebhookOptions Options { get; init; } = new();

    public async Task RunAsync(RecoveryPlan plan, Action<double, string> progress, CancellationToken cancellation)
    {
        IReadOnlyList<Subscription> subscriptions;
        MailStore? mails;
        await using (var connection = await database.OpenConnectionAsync(cancellation))
        {
            subscriptions = await WebhookStore.SubscriptionsAsync(connection, cancellation);
            mails = await IsMailOnAsync(connection, cancellation) ? new MailStore(database, new MailOptions()) : null;
        }

        if (subscriptions.Count > 0 || mails is not null || (await DisabledAsync(null, cancellation)).Count > 0)
        {
            var earliest = await EventsAsync(plan, subscriptions, mails, progress, cancellation);
            report.WebhooksDisabled = await DisabledAsync(earliest, cancellation);
        }

        await RequestsAsync(plan, cancellation);
    }

    /// <returns>The time of the earliest event; null where there is none.</returns>
    private async Task<DateTimeOffset?> EventsAsync(
        RecoveryPlan plan, IReadOnlyList<Subscription> subscriptions, MailStore? mails, Action<double, string> progress,
        CancellationToken cancellation)
    {
        var webhooks = new WebhookStore(database, Options);
        DateTimeOffset? earliest = null;
        var total = Math.Max(1, Processed(plan, Topics.Deliveries).Sum(r => r.Records));
        await foreach (var records in sweep.ReadAsync(Processed(plan, Topics.Deliveries), Page, cancellation))
        {
            var events = records.Select(PartnerEvent.Read).OfType<PartnerEvent>().ToList();
            var now = time.GetUtcNow();
            await using var connection = await database.OpenConnectionAsync(cancellation);
            await using var transaction = await connection.BeginTransactionAsync(cancellation);
            var disabled = await webhooks.AddAsync(
                connection, [.. from e in events from s in subscriptions where s.Wants(e) select (s.Webhook, e)], now,
                cancellation);
            await MarkAsync(connection, disabled, cancellation);
            if (mails is not null)
            {
                await mails.AddAsync(connection, events, now, cancellation);
            }

            await transaction.CommitAsync(cancellation);
            earliest = events.Select(e => (DateTimeOffset?)e.Time).Append(earliest).Min();
            report.EventsForPartners += events.Count;
            progress(
                (double)report.EventsForPartners / total,
                string.Create(CultureInfo.InvariantCulture, $"{report.EventsForPartners:N0} events"));
        }

        return earliest;
    }

    private static async Task MarkAsync(
        NpgsqlConnection connection, IReadOnlyList<string> disabled, CancellationToken cancellation)
    {
        if (disabled.Count == 0)
        {
            return;
        }

        await using var command = new NpgsqlCommand("UPDATE shop.webhooks SET reason = $2 WHERE id = ANY($1)", connection);
        command.Parameters.Add(new()
        {
            Value = disabled.ToArray(),
            NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Varchar,
        });
        command.Parameters.Add(new() { Value = TooMany });
        await command.ExecuteNonQueryAsync(cancellation);
    }

    /// <summary>
    /// The webhooks that were disabled here. Partitions are not read in the order of time, so what was noted when it happened may
    /// be too late.
    /// </summary>
    /// <param name="earliest">They have missed events since then at the latest; null where that is not known.</param>
    private async Task<IReadOnlyList<Webhook>> DisabledAsync(DateTimeOffset? earliest, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            $"""
            UPDATE shop.webhooks w SET missed_since = LEAST(w.missed_since, $2) WHERE NOT w.enabled AND w.reason = $1
            RETURNING {WebhookRows.Columns}
            """);
        command.Parameters.Add(new() { Value = TooMany });
        command.Parameters.Add(new() { Value = (object?)earliest ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.TimestampTz });
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var disabled = new List<Webhook>();
        while (await reader.ReadAsync(cancellation))
        {
            disabled.Add(WebhookRows.Read(reader));
        }

        return disabled;
    }

    private async Task RequestsAsync(RecoveryPlan plan, CancellationToken cancellation)
    {
        await foreach (var records in sweep.ReadAsync(Processed(plan, Topics.PartnerRequests), Page, cancellation))
        {
            await using var connection = await database.OpenConnectionAsync(cancellation);
            foreach (var record in records)
            {
                if (Read(record) is { } request)
                {
                    await WebhookReplays.RequestAsync(
                        connection, $"{record.Partition.Topic}-{record.Partition.Partition}-{record.Offset}", request, cancellation);
                }
            }
        }
    }

    /// <summary>What the fleet had taken in; the rest it takes in itself.</summary>
    private static IEnumerable<PlannedRange> Processed(RecoveryPlan plan, Topic topic) => plan.Of(topic).Select(
        r => r with { End = Math.Min(r.End, plan.Committed.GetValueOrDefault((FleetGroups.Notifications, r.Partition))) });

    private static async Task<bool> IsMailOnAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand("SELECT EXISTS (SELECT FROM shop.mails)", connection);
        return await command.ExecuteScalarAsync(cancellation) is true;
    }

    private static WebhookReplayRequested? Read(LogIncoming record)
    {
        try
        {
            return record is { Type: MessageTypes.WebhookReplayRequested, Value: { } body }
                ? JsonSerializer.Deserialize(body, ContractsJson.Default.WebhookReplayRequested)
                : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
