using CardShop.Contracts;
using CardShop.Pipeline.Batches;

namespace CardShop.Pipeline.Log;

/// <summary>Reading of parts of topics, outside any group: for those who keep their own positions.</summary>
public interface ILogRanges
{
    /// <summary>
    /// Reads records from the given positions on, at most <paramref name="most"/> and at most for
    /// <paramref name="patience"/>; each partition's records are in order and without gaps. Ends early when every
    /// partition has been read to its end. Throws <see cref="TrimmedException"/> where a position is no longer, or not yet, there.
    /// </summary>
    Task<IReadOnlyList<LogIncoming>> ReadAsync(
        IReadOnlyDictionary<PartitionKey, long> positions, int most, TimeSpan patience, CancellationToken cancellation);

    /// <summary>
    /// Of each partition the first record at or after the given position; a partition is absent that has none, that keeps it no
    /// more, or that did not answer within <paramref name="patience"/>.
    /// </summary>
    Task<IReadOnlyList<LogIncoming>> FirstAsync(
        IReadOnlyDictionary<PartitionKey, long> positions, TimeSpan patience, CancellationToken cancellation);

    /// <summary>First offset that is kept, and next offset to come, of every partition.</summary>
    Task<IReadOnlyDictionary<PartitionKey, (long First, long Next)>> BoundsAsync(
        Topic topic, CancellationToken cancellation);

    /// <summary>Per partition the offset of the first record that was appended at or after a moment; the end where none was.</summary>
    Task<IReadOnlyDictionary<PartitionKey, long>> OffsetsAtAsync(
        Topic topic, DateTimeOffset moment, CancellationToken cancellation);

    /// <summary>
    /// Notes positions as the committed offsets of a group that has no members: a hint for those who watch the log with
    /// its own tools. Throws a place failure where they were not taken.
    /// </summary>
    Task CommitAsync(string group, IReadOnlyDictionary<PartitionKey, long> positions, CancellationToken cancellation);

    /// <summary>
    /// Reads from the given positions for ever. <paramref name="onRecord"/> is called on one thread.
    /// Throws <see cref="TrimmedException"/> where a position is no longer there.
    /// </summary>
    Task FollowFromAsync(
        IReadOnlyDictionary<PartitionKey, long> positions, Action<LogIncoming> onRecord, CancellationToken cancellation);
}

/// <summary>What was to be read has been trimmed away, or lies beyond the end.</summary>
public sealed class TrimmedException(string message, Exception? inner = null) : Exception(message, inner);
