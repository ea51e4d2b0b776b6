using Microsoft.Extensions.Logging;

namespace CardShop.Pipeline;

/// <summary>Every line that the pipeline logs. No payload, key text or contact is ever an argument.</summary>
internal static partial class PipelineLog
{
    [LoggerMessage(1001, LogLevel.Warning, "Kafka client error {Code}: {Reason}")]
    public static partial void KafkaError(ILogger logger, string code, string reason);

    [LoggerMessage(1002, LogLevel.Debug, "Kafka client {Facility}: {Text}")]
    public static partial void KafkaClient(ILogger logger, string facility, string text);

    [LoggerMessage(1003, LogLevel.Warning, "Group {Group}: reading failed, starting again in 1 s: {Reason}")]
    public static partial void ReaderFailed(ILogger logger, string group, string reason);

    [LoggerMessage(1004, LogLevel.Information, "Group {Group}: {Topic}[{Partition}] from offset {Offset}")]
    public static partial void PartitionStarted(ILogger logger, string group, string topic, int partition, long offset);

    [LoggerMessage(1005, LogLevel.Critical,
        "P0 group {Group}: {Topic}[{Partition}] cannot be read at the position that progress names ({Reason}). History is missing; nothing is skipped. See recover.")]
    public static partial void OffsetOutOfRange(ILogger logger, string group, string topic, int partition, string reason);

    [LoggerMessage(1006, LogLevel.Information, "Mirror of {Region}*: copying {Partitions} partitions")]
    public static partial void MirrorStarted(ILogger logger, string region, int partitions);

    [LoggerMessage(1007, LogLevel.Warning, "Mirror of {Region}* stands still, starting again: {Reason}")]
    public static partial void MirrorFailed(ILogger logger, string region, string reason);

    [LoggerMessage(1008, LogLevel.Debug, "Group {Group}: nobody takes what was read; paused with {Count} records in hand")]
    public static partial void ReaderPaused(ILogger logger, string group, int count);

    [LoggerMessage(1009, LogLevel.Debug, "Group {Group}: what was in hand is taken; reading goes on")]
    public static partial void ReaderResumed(ILogger logger, string group);

    [LoggerMessage(1101, LogLevel.Information, "Queue {Queue}: consuming")]
    public static partial void QueueStarted(ILogger logger, string queue);

    [LoggerMessage(1102, LogLevel.Warning, "Queue {Queue}: lost, connecting again: {Reason}")]
    public static partial void QueueLost(ILogger logger, string queue, string reason);

    [LoggerMessage(1201, LogLevel.Warning, "Outbox row {Number} stays for the sweeper: {Reason}")]
    public static partial void DispatchLeft(ILogger logger, long number, string reason);

    [LoggerMessage(1202, LogLevel.Error, "Outbox row {Number}: a {Type} can never be sent and is parked: {Reason}")]
    public static partial void Parked(ILogger logger, long number, string type, string reason);

    [LoggerMessage(1203, LogLevel.Information, "Outbox row {Number} was left behind: sending {Records} records, {Commands} commands")]
    public static partial void Swept(ILogger logger, long number, int records, int commands);

    [LoggerMessage(1204, LogLevel.Warning, "Sweeping the outbox failed: {Reason}")]
    public static partial void SweepFailed(ILogger logger, string reason);

    [LoggerMessage(1301, LogLevel.Warning, "{Loop}: waiting for a server ({Failures} tries): {Reason}")]
    public static partial void PlaceFailed(ILogger logger, string loop, int failures, string reason);

    [LoggerMessage(1302, LogLevel.Information, "{Loop}: {Count} messages met another worker's change, running again: {Reason}")]
    public static partial void Conflict(ILogger logger, string loop, int count, string reason);

    [LoggerMessage(1303, LogLevel.Warning, "{Loop}: a batch of {Count} failed and is split: {Reason}")]
    public static partial void Split(ILogger logger, string loop, int count, string reason);

    [LoggerMessage(1304, LogLevel.Error, "{Loop}: a message is given up after {Failures} tries")]
    public static partial void GivenUp(ILogger logger, Exception failure, string loop, int failures);

    [LoggerMessage(1401, LogLevel.Critical,
        "P0 fenced: {Reason}. Nothing is issued, refunded or published until recover has run.")]
    public static partial void Fenced(ILogger logger, string reason);

    [LoggerMessage(1402, LogLevel.Information, "Fence open: database and log agree at commit {Commit}")]
    public static partial void FenceOpen(ILogger logger, long commit);

    [LoggerMessage(1501, LogLevel.Information, "Migration {Name} applied")]
    public static partial void Migrated(ILogger logger, string name);
}
