using System.Globalization;
using System.Text.Json;
using CardShop.Contracts;
using CardShop.Pipeline;
using CardShop.Pipeline.Log;
using CardShop.Shopctl.Servers;
using CardShop.Shopctl.Terminal;

namespace CardShop.Shopctl.Orders;

/// <summary>The full story of an order: every input, decision and message, in order, from Kafka and PostgreSQL.</summary>
public static class OrderStory
{
    private const int Part = 20_000;

    /// <summary>Records of one topic that are read for one order; the rest is left out, and that is said.</summary>
    private const int MostRead = 500_000;

    /// <summary>How far back is looked for an order of which there is no document.</summary>
    private static readonly TimeSpan Unknown = TimeSpan.FromDays(1);

    /// <summary>The API's clock is not the broker's.</summary>
    private static readonly TimeSpan ClockSlack = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <param name="since">From when the log is read; null = from the order's acceptance on.</param>
    public static async Task<Story> ReadAsync(
        ShopServers servers, string orderId, DateTimeOffset? since, CancellationToken cancellation)
    {
        await servers.RequireDatabaseAsync(cancellation);
        await servers.RequireLogAsync(cancellation);
        var now = servers.Time.GetUtcNow();
        var documents = await StoryDocuments.ReadAsync(servers.Database, orderId, now, cancellation);
        var order = documents.Payment?.Order;
        var begin = since ?? (order?.AcceptedAt ?? now - Unknown) - ClockSlack;
        var topics = new (Topic Topic, IReadOnlyList<int> Partitions, DateTimeOffset? Until)[]
        {
            (Topics.Orders, order is null ? All(Topics.Orders) : [Topics.Orders.PartitionOf(order.Sku)], documents.Until),
            (Topics.PaymentNotifications, [Topics.PaymentNotifications.PartitionOf(orderId)], documents.Until),
            (Topics.SagaFacts, [Topics.SagaFacts.PartitionOf(orderId)], documents.Until),
            (Topics.Deliveries, [Topics.Deliveries.PartitionOf(orderId)], documents.Until),
            (Topics.DeadLetters, All(Topics.DeadLetters), null),
            (Topics.Audit, All(Topics.Audit), null),
        };
        var read = await Task.WhenAll(
            topics.Select(t => TopicAsync(servers.Ranges, t.Topic, t.Partitions, orderId, begin, t.Until, cancellation)));
        var notes = read.Select(r => r.Note).OfType<string>().ToList();
        if (order is null && since is null)
        {
            notes.Add("The order's record was not found among documents: the log was read from a day ago on; --since reads more.");
        }

        return new(
            orderId, [.. read.SelectMany(r => r.Lines).Concat(documents.Lines).OrderBy(l => l.At)], notes);
    }

    public static void Show(Session session, Story story)
    {
        var table = Screen.Table("at", "what", "from");
        foreach (var line in story.Lines)
        {
            Screen.Row(
                table, line.At.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture), line.What,
                line.From);
        }

        session.Screen.Show(table);
        foreach (var note in story.Notes)
        {
            session.Screen.Note(note);
        }
    }

    public static void ShowJson(Session session, Story story) =>
        session.Screen.Line(JsonSerializer.Serialize(story, StoryJson.Default.Story));

    private static int[] All(Topic topic) => [.. Enumerable.Range(0, topic.Partitions)];

    private static async Task<(List<StoryLine> Lines, string? Note)> TopicAsync(
        ILogRanges log, Topic topic, IReadOnlyList<int> partitions, string orderId, DateTimeOffset since,
        DateTimeOffset? until, CancellationToken cancellation)
    {
        var bounds = await log.BoundsAsync(topic, cancellation);
        var starts = await log.OffsetsAtAsync(topic, since, cancellation);
        var ends = until is { } moment ? await log.OffsetsAtAsync(topic, moment, cancellation) : null;
        var next = partitions.Select(p => new PartitionKey(topic.Name, p))
            .ToDictionary(p => p, p => Math.Max(starts[p], bounds[p].First));
        var lines = new List<StoryLine>();
        var seen = 0;
        while (true)
        {
            var open = next.Where(p => p.Value < (ends?[p.Key] ?? bounds[p.Key].Next)).ToDictionary(p => p.Key, p => p.Value);
            if (open.Count == 0)
            {
                return (lines, null);
            }

            if (seen >= MostRead)
            {
                return (lines, string.Create(
                    CultureInfo.InvariantCulture,
                    $"Of {topic.Name} the first {seen:N0} records since {since:u} were read; the order may have more behind them."));
            }

            var records = await log.ReadAsync(open, Part, Patience, cancellation);
            if (records.Count == 0)
            {
                throw new PlaceException($"Kafka gave no record of {topic.Name} that it has");
            }

            seen += records.Count;
            foreach (var record in records)
            {
                next[record.Partition] = record.Offset + 1;
                if (StoryText.Of(record, orderId) is { } line)
                {
                    lines.Add(line);
                }
            }
        }
    }
}
