using System.Diagnostics.Metrics;
using System.Globalization;

namespace CardShop.Shop.Telemetry;

/// <summary>
/// The last look of a <see cref="Surveyor"/> as gauges. A process that stands by has no series of these but of the servers
/// that it asked, so that a sum over all processes is right.
/// </summary>
public static class SurveyMetrics
{
    public static void Observe(Meter meter, Surveyor surveyor, TimeProvider time)
    {
        meter.CreateObservableGauge(
            "cardshop.server.up", () => surveyor.Servers.Select(s => new Measurement<int>(s.Value ? 1 : 0, Tag("server", s.Key))),
            null, "Whether postgres, rabbitmq and log answered when last asked");
        One(meter, "cardshop.survey.age", "s", "Since the last look at the whole shop", s => (time.GetUtcNow() - s.At).TotalSeconds);
        Waiting(meter);
        Database(meter);
        Log(meter);
        Stock(meter);

        void One(Meter to, string name, string? unit, string what, Func<Survey, double> value) =>
            to.CreateObservableGauge(
                name, () => surveyor.Last is { } last ? [new Measurement<double>(value(last))] : Array.Empty<Measurement<double>>(), unit, what);

        void Many(Meter to, string name, string? unit, string what, Func<Survey, IEnumerable<Measurement<double>>> values) =>
            to.CreateObservableGauge(name, () => surveyor.Last is { } last ? values(last).ToArray() : [], unit, what);

        void Waiting(Meter to)
        {
            One(to, "cardshop.outbox.rows", "{row}", "Rows that are not sent yet, counted to 2000", s => s.Database.Outbox.Count);
            One(to, "cardshop.outbox.oldest", "s", "Age of the oldest outbox row", s => s.Database.Outbox.OldestSeconds);
            One(to, "cardshop.parked.messages", "{message}", "Messages that can never be sent", s => s.Database.Parked);
            One(to, "cardshop.reviews.open", "{order}", "Orders with an open case, counted to 2000", s => s.Database.Reviews.Count);
            One(to, "cardshop.reviews.oldest", "s", "Age of the oldest open case", s => s.Database.Reviews.OldestSeconds);
            One(to, "cardshop.waiting_stock.orders", "{order}", "Paid orders that wait for keys", s => s.Database.WaitingStock.Count);
            One(to, "cardshop.waiting_stock.oldest", "s", "How long the oldest has waited for keys", s => s.Database.WaitingStock.OldestSeconds);
            One(to, "cardshop.manual.orders", "{order}", "Paid manual goods that wait for an operator", s => s.Database.Manual);
            Many(to, "cardshop.sagas.overdue", "{order}", "Sagas whose due time is a minute past", s =>
                [new(s.Database.OverduePayments, Tag("saga", "payment")), new(s.Database.OverdueDeliveries, Tag("saga", "delivery"))]);
            One(to, "cardshop.webhooks.disabled", "{webhook}", "Webhooks that were disabled", s => s.Database.WebhooksDisabled);
            One(to, "cardshop.webhooks.failing", "{webhook}", "Webhooks that no call reaches now", s => s.Database.WebhooksFailing);
            One(to, "cardshop.webhooks.pending", "{event}", "Events that webhooks have still to get", s => s.Database.WebhookBacklog);
            One(to, "cardshop.mails.given_up", "{mail}", "Mails to buyers that were given up", s => s.Database.MailsFailed);
            One(to, "cardshop.mails.waiting", "{mail}", "Mails to buyers that are still to be sent", s => s.Database.MailsWaiting);
        }

        void Database(Meter to)
        {
            One(to, "cardshop.postgres.connections", "{connection}", "Client connections of the server", s => s.Database.Connections);
            One(to, "cardshop.postgres.max_connections", "{connection}", "Client connections that it takes", s => s.Database.MaxConnections);
            One(to, "cardshop.postgres.size", "By", "Size of the database", s => s.Database.SizeBytes);
            One(to, "cardshop.postgres.replicas", "{replica}", "Standbys that are connected", s => s.Database.Replicas);
            One(to, "cardshop.postgres.replica_lag", "s", "Of the standby that is furthest behind", s => s.Database.ReplicaLagSeconds);
            One(to, "cardshop.postgres.archive_failing", null, "1: the last try to archive write-ahead log failed", s => s.Database.ArchiveFailing ? 1 : 0);
            Many(to, "cardshop.backup.age", "s", "Since the last backup ended; infinite without any", s =>
                s.Database.BackupAgeSeconds is { } age ? [new(age)] : []);
            One(to, "cardshop.postgres.oldest_transaction", "s", "Age of the oldest open transaction", s => s.Database.OldestTransactionSeconds);
        }

        void Log(Meter to)
        {
            Many(to, "cardshop.lag.records", "{record}", "Records that a group has still to process", s =>
                (s.Lag ?? new Dictionary<(string, Pipeline.Log.PartitionKey), long>()).Select(l => new Measurement<double>(
                    l.Value, Tag("group", l.Key.Group), Tag("topic", l.Key.Partition.Topic),
                    Tag("partition", l.Key.Partition.Partition.ToString(CultureInfo.InvariantCulture)))));
            Many(to, "cardshop.lag.oldest", "s", "For how long a group's oldest unprocessed record has been there", s =>
                (s.QueueAge ?? new Dictionary<string, double>()).Select(a => new Measurement<double>(a.Value, Tag("group", a.Key))));
            Many(to, "cardshop.queue.messages", "{message}", "Messages that wait in a RabbitMQ queue", s =>
                (s.Queues ?? new Dictionary<string, uint>()).Select(q => new Measurement<double>(q.Value, Tag("queue", q.Key))));
            to.CreateObservableCounter(
                "cardshop.dead_letters",
                () => surveyor.Last is { DeadLetters: { } letters } ? [new Measurement<long>(letters)] : Array.Empty<Measurement<long>>(),
                "{record}", "Records ever written to shop.dead-letters.v1");
        }

        void Stock(Meter to)
        {
            Many(to, "cardshop.stock.units", "{unit}", "Units of the products with the fewest left", s => s.Lowest.SelectMany(p =>
                new Measurement<double>[]
                {
                    new(p.Available, Tag("sku", p.Key.Sku), Tag("region", p.Key.Region), Tag("state", "available")),
                    new(p.Reserved, Tag("sku", p.Key.Sku), Tag("region", p.Key.Region), Tag("state", "reserved")),
                }));
            One(to, "cardshop.stock.drifting", "{product}", "Products whose stock row and keys disagree", s => s.Drifting.Count);
            Many(to, "cardshop.stock.drift", "{unit}", "Keys too many, or too few, for a product's stock row", s => s.Drifting.Select(
                p => new Measurement<double>(p.Drift, Tag("sku", p.Key.Sku), Tag("region", p.Key.Region))));
        }
    }

    private static KeyValuePair<string, object?> Tag(string name, string value) => new(name, value);
}
