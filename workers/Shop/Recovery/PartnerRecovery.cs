using System.Globalization;
using System.Text.Json;
using CardShop.Contracts;
using CardShop.Pipeline.Batches;
using CardShop.Shop.Mail;
using CardShop.Shop.Partners;
using CardShop.Shop.Store;
using Npgsql;

namespace CardShop.Shop.Recovery;

/// <summary>
/// What webhooks and buyers were to get since the backup. Which of it went out is not known: all of it goes out again, under
/// the same event ids. A database without webhooks and mails has nobody to tell.
/// </summary>
internal sealed class PartnerRecovery(NpgsqlDataSource database, RangeSweep sweep, TimeProvider time, RecoveryReport report)
{
    private const int Page = 1_000;

    public async Task RunAsync(RecoveryPlan plan, Action<double, string> progress, CancellationToken cancellation)
    {
        IReadOnlyList<Subscription> subscriptions;
        MailStore? mails;
        await using (var connection = await database.OpenConnectionAsync(cancellation))
        {
            subscriptions = await WebhookStore.SubscriptionsAsync(connection, cancellation);
            mails = await IsMailOnAsync(connection, cancellation) ? new MailStore(database, new MailOptions()) : null;
        }

        if (subscriptions.Count > 0 || mails is not null)
        {
            await EventsAsync(plan, subscriptions, mails, progress, cancellation);
        }

        await RequestsAsync(plan, cancellation);
    }

    private async Task EventsAsync(
        RecoveryPlan plan, IReadOnlyList<Subscription> subscriptions, MailStore? mails, Action<double, string> progress,
        CancellationToken cancellation)
    {
        var webhooks = new WebhookStore(database, new WebhookOptions());
        var total = Math.Max(1, Processed(plan, Topics.Deliveries).Sum(r => r.Records));
        await foreach (var records in sweep.ReadAsync(Processed(plan, Topics.Deliveries), Page, cancellation))
        {
            var events = records.Select(PartnerEvent.Read).OfType<PartnerEvent>().ToList();
            var now = time.GetUtcNow();
            await using var connection = await database.OpenConnectionAsync(cancellation);
            await using var transaction = await connection.BeginTransactionAsync(cancellation);
            await webhooks.AddAsync(
                connection, [.. from e in events from s in subscriptions where s.Wants(e) select (s.Webhook, e)], now,
                cancellation);
            if (mails is not null)
            {
                await mails.AddAsync(connection, events, now, cancellation);
            }

            await transaction.CommitAsync(cancellation);
            report.EventsForPartners += events.Count;
            progress(
                (double)report.EventsForPartners / total,
                string.Create(CultureInfo.InvariantCulture, $"{report.EventsForPartners:N0} events"));
        }
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
