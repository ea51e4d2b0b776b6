using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace CardShop.Pipeline.Telemetry;

/// <summary>
/// What the machinery counts. Labels have few values: groups, queues and topics of the installation, outcomes; never ids.
/// Nobody listening costs a check of a field.
/// </summary>
internal static class PipelineMeter
{
    private static readonly Meter Meter = new("CardShop.Pipeline");

    private static readonly Histogram<double> BatchDuration = Meter.CreateHistogram(
        "cardshop.batch.duration", "s", "From the start of a batch's transaction to its commit or failure",
        advice: Buckets(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10));

    private static readonly Histogram<double> BatchSize = Meter.CreateHistogram(
        "cardshop.batch.size", "{message}", "Messages of a committed batch", advice: Buckets(1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000));

    private static readonly Counter<long> Messages = Meter.CreateCounter<long>(
        "cardshop.messages.processed", "{message}", "Messages in committed batches, repeats included");

    private static readonly Histogram<double> ProcessingDelay = Meter.CreateHistogram(
        "cardshop.processing.delay", "s", "Age of the oldest record of a batch when it was committed: how long it was queued",
        advice: Buckets(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1_800, 7_200));

    private static readonly Counter<long> Splits = Meter.CreateCounter<long>(
        "cardshop.batch.splits", "{split}", "Batches that failed and were halved to find the message to blame");

    private static readonly Counter<long> Retries = Meter.CreateCounter<long>(
        "cardshop.message.retries", "{retry}", "Messages that failed alone and are tried again, now or later");

    private static readonly Counter<long> GivenUps = Meter.CreateCounter<long>(
        "cardshop.messages.given_up", "{message}", "Messages that no retry helped: dead letters");

    private static readonly Counter<long> OutboxRows = Meter.CreateCounter<long>(
        "cardshop.outbox.dispatched", "{row}", "Outbox rows by what sending them came to");

    private static readonly Counter<long> Parked = Meter.CreateCounter<long>(
        "cardshop.messages.parked", "{message}", "Messages that can never be sent");

    private static readonly Counter<long> Commands = Meter.CreateCounter<long>(
        "cardshop.commands.published", "{command}", "Commands handed to RabbitMQ by queue and outcome");

    private static readonly Counter<long> Records = Meter.CreateCounter<long>(
        "cardshop.records.produced", "{record}", "Records handed to Kafka by outcome");

    private static readonly Counter<long> Missing = Meter.CreateCounter<long>(
        "cardshop.history.missing", "{partition}", "Partitions that could not be read at the position that progress names");

    /// <summary>
    /// Begins the series of a group that count what is rare: one that appears with its first event has no rise to be seen.
    /// </summary>
    public static void Begin(string group)
    {
        var label = new KeyValuePair<string, object?>("group", group);
        GivenUps.Add(0, label);
        Splits.Add(0, label);
    }

    /// <param name="outcome"><c>committed</c>, <c>conflict</c>, <c>place</c> or <c>failed</c>.</param>
    public static void Batch(string group, string outcome, TimeSpan duration) =>
        BatchDuration.Record(duration.TotalSeconds, new TagList { { "group", group }, { "outcome", outcome } });

    /// <param name="oldest">Age of its oldest record; null where it has none.</param>
    public static void Committed(string group, int messages, TimeSpan? oldest)
    {
        var label = new KeyValuePair<string, object?>("group", group);
        BatchSize.Record(messages, label);
        Messages.Add(messages, label);
        if (oldest is { } age)
        {
            ProcessingDelay.Record(Math.Max(0, age.TotalSeconds), label);
        }
    }

    public static void Split(string group) => Splits.Add(1, new KeyValuePair<string, object?>("group", group));

    /// <param name="when"><c>now</c> or <c>later</c>.</param>
    public static void Retry(string group, string when) =>
        Retries.Add(1, new TagList { { "group", group }, { "when", when } });

    public static void GivenUp(string group) => GivenUps.Add(1, new KeyValuePair<string, object?>("group", group));

    /// <param name="outcome"><c>sent</c> or <c>left</c> for the sweeper.</param>
    public static void Dispatched(string outcome) => OutboxRows.Add(1, new KeyValuePair<string, object?>("outcome", outcome));

    public static void MessageParked() => Parked.Add(1);

    /// <param name="outcome"><c>confirmed</c>, <c>returned</c> or <c>failed</c>.</param>
    public static void Published(string queue, string outcome) =>
        Commands.Add(1, new TagList { { "queue", queue }, { "outcome", outcome } });

    /// <param name="outcome"><c>acknowledged</c> or <c>failed</c>.</param>
    public static void Produced(string outcome, long count) =>
        Records.Add(count, new KeyValuePair<string, object?>("outcome", outcome));

    /// <param name="partitions">0 begins the series.</param>
    public static void HistoryMissing(string topic, int partitions) =>
        Missing.Add(partitions, new KeyValuePair<string, object?>("topic", topic));

    private static InstrumentAdvice<double> Buckets(params double[] bounds) => new() { HistogramBucketBoundaries = bounds };
}
