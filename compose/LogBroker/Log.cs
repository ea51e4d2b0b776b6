using Microsoft.Extensions.Logging;

namespace CardShop.LogBroker;

/// <summary>Every line that this program logs.</summary>
internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Warning, "{Path}: cut {Bytes} bytes behind position {Position} that are no whole batch")]
    public static partial void TailCut(this ILogger logger, string path, long position, long bytes);

    [LoggerMessage(2, LogLevel.Warning, "{Path}: dropped, {Bytes} bytes behind a torn segment")]
    public static partial void SegmentDropped(this ILogger logger, string path, long bytes);

    [LoggerMessage(3, LogLevel.Error, "{Path}: write failed, nothing was acknowledged: {Reason}")]
    public static partial void WriteFailed(this ILogger logger, string path, string reason);

    [LoggerMessage(4, LogLevel.Critical, "{Path}: offline until restart: {Reason}")]
    public static partial void PartitionOffline(this ILogger logger, string path, string reason);

    [LoggerMessage(5, LogLevel.Warning, "{Path}: checkpoint not written, the next start scans more: {Reason}")]
    public static partial void CheckpointFailed(this ILogger logger, string path, string reason);

    [LoggerMessage(6, LogLevel.Information, "{Path}: segment deleted by retention, log starts at {LogStart}")]
    public static partial void SegmentRetired(this ILogger logger, string path, long logStart);

    [LoggerMessage(7, LogLevel.Information, "{Path}: compacted {Before} to {After} bytes below offset {End}")]
    public static partial void Compacted(this ILogger logger, string path, long before, long after, long end);

    [LoggerMessage(8, LogLevel.Error, "{Path}: maintenance failed and will be tried again: {Reason}")]
    public static partial void MaintenanceFailed(this ILogger logger, string path, string reason);

    [LoggerMessage(9, LogLevel.Error, "{Path}: read failed: {Reason}")]
    public static partial void ReadFailed(this ILogger logger, string path, string reason);

    [LoggerMessage(10, LogLevel.Critical, "{Path}: journal failed and is not used until restart: {Reason}")]
    public static partial void JournalFailed(this ILogger logger, string path, string reason);

    [LoggerMessage(11, LogLevel.Warning, "{Path}: no journal, segments are synced one by one: {Reason}")]
    public static partial void JournalNotPrepared(this ILogger logger, string path, string reason);

    [LoggerMessage(12, LogLevel.Warning, "{Path}: {Count} batches were restored from the journal, the log ends at {End}")]
    public static partial void Replayed(this ILogger logger, string path, int count, long end);

    [LoggerMessage(13, LogLevel.Warning, "{Path}: kept for the next start, a partition with entries in it is offline")]
    public static partial void JournalFileKept(this ILogger logger, string path);

    [LoggerMessage(20, LogLevel.Warning, "connection {Remote} closed, malformed request: {Reason}")]
    public static partial void MalformedRequest(this ILogger logger, string remote, string reason);

    [LoggerMessage(21, LogLevel.Warning, "connection {Remote} closed, API {Api} version {Version} is not offered")]
    public static partial void UnsupportedRequest(this ILogger logger, string remote, int api, int version);

    [LoggerMessage(22, LogLevel.Warning, "connection {Remote} refused, {Limit} connections are open")]
    public static partial void TooManyConnections(this ILogger logger, string remote, int limit);

    [LoggerMessage(23, LogLevel.Error, "connection {Remote} closed, API {Api} version {Version} failed")]
    public static partial void RequestFailed(this ILogger logger, Exception failure, string remote, int api,
        int version);

    [LoggerMessage(24, LogLevel.Debug, "connection {Remote} ended: {Reason}")]
    public static partial void ConnectionEnded(this ILogger logger, string remote, string reason);

    [LoggerMessage(25, LogLevel.Warning, "connection {Remote} closed, it took nothing for {Seconds} s")]
    public static partial void SlowConnection(this ILogger logger, string remote, double seconds);

    [LoggerMessage(26, LogLevel.Error, "accepting connections failed and will be tried again: {Reason}")]
    public static partial void AcceptFailed(this ILogger logger, string reason);

    [LoggerMessage(40, LogLevel.Information, "group {Group}: generation {Generation} with {Members} members")]
    public static partial void GroupGeneration(this ILogger logger, string group, int generation, int members);

    [LoggerMessage(41, LogLevel.Information, "group {Group}: member {Member} removed, {Reason}")]
    public static partial void MemberRemoved(this ILogger logger, string group, string member, string reason);

    [LoggerMessage(42, LogLevel.Warning, "committed offsets: {Count} records were not understood and left alone")]
    public static partial void OffsetsSkipped(this ILogger logger, int count);
}
