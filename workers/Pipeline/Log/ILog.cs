using System.Threading.Channels;
using CardShop.Contracts;
using CardShop.Pipeline.Batches;

namespace CardShop.Pipeline.Log;

/// <summary>A header of a record: a name and UTF-8 bytes.</summary>
public readonly record struct LogHeader(string Name, byte[] Value);

/// <summary>A record to be produced.</summary>
/// <param name="Partition">Chosen by <see cref="Topic.PartitionOf"/>; no client default decides it.</param>
public sealed record LogRecord(
    string Topic, int Partition, byte[] Key, byte[]? Value, IReadOnlyList<LogHeader> Headers)
{
    /// <summary>The record's time; null: when it is produced.</summary>
    public DateTimeOffset? At { get; init; }
}

/// <summary>A record that was not produced.</summary>
/// <param name="Index">Its place in the list that was given.</param>
/// <param name="Permanent">It can never be sent: too large, or not allowed.</param>
public readonly record struct ProduceFailure(int Index, bool Permanent, string Reason);

/// <summary>A partition of a topic.</summary>
public readonly record struct PartitionKey(string Topic, int Partition) : IComparable<PartitionKey>
{
    public int CompareTo(PartitionKey other)
    {
        var byTopic = string.CompareOrdinal(Topic, other.Topic);
        return byTopic != 0 ? byTopic : Partition.CompareTo(other.Partition);
    }

    public static bool operator <(PartitionKey left, PartitionKey right) => left.CompareTo(right) < 0;

    public static bool operator <=(PartitionKey left, PartitionKey right) => left.CompareTo(right) <= 0;

    public static bool operator >(PartitionKey left, PartitionKey right) => left.CompareTo(right) > 0;

    public static bool operator >=(PartitionKey left, PartitionKey right) => left.CompareTo(right) >= 0;
}

/// <summary>Reads the true positions of partitions; a partition without one starts at 0.</summary>
public delegate Task<IReadOnlyDictionary<PartitionKey, long>> ReadPositions(
    IReadOnlyCollection<PartitionKey> partitions, CancellationToken cancellation);

/// <summary>Kafka, as CardShop uses it.</summary>
public interface ILog : IAsyncDisposable
{
    /// <summary>Appends one record; returns its offset when it is durable. Throws <see cref="PlaceException"/> if not.</summary>
    Task<long> ProduceAsync(LogRecord record, CancellationToken cancellation);

    /// <summary>Appends records in order; returns those that were not acknowledged, empty when all were.</summary>
    Task<IReadOnlyList<ProduceFailure>> ProduceAllAsync(
        IReadOnlyList<LogRecord> records, CancellationToken cancellation);

    /// <summary>
    /// Joins <paramref name="group"/> and writes records of the partitions it is given to <paramref name="output"/>,
    /// each partition from the position that <paramref name="positions"/> says. Run it with <see cref="ILogReader.RunAsync"/>.
    /// </summary>
    ILogReader Join(string group, IReadOnlyList<Topic> topics, ReadPositions positions, ChannelWriter<Incoming> output);

    /// <summary>What a group has committed; partitions without a commit are absent.</summary>
    Task<IReadOnlyDictionary<PartitionKey, long>> CommittedAsync(
        string group, IReadOnlyList<Topic> topics, CancellationToken cancellation);

    /// <summary>The last records of each partition of a topic, at most <paramref name="count"/> each.</summary>
    Task<IReadOnlyList<LogIncoming>> TailAsync(Topic topic, int count, CancellationToken cancellation);

    /// <summary>Next offsets of all partitions.</summary>
    Task<IReadOnlyDictionary<PartitionKey, long>> EndsAsync(IReadOnlyList<Topic> topics, CancellationToken cancellation);

    /// <summary>
    /// Reads whole topics from their beginning for ever, outside any group: for compacted topics held in memory.
    /// <paramref name="caughtUp"/> is called once, when everything that was there at the start has been read.
    /// </summary>
    Task FollowAsync(
        IReadOnlyList<Topic> topics, Action<LogIncoming> onRecord, Action caughtUp, CancellationToken cancellation);

    /// <summary>Creates missing topics and checks the partition counts of the present ones.</summary>
    Task CreateTopicsAsync(IReadOnlyList<Topic> topics, short replication, CancellationToken cancellation);
}

/// <summary>One membership in a consumer group.</summary>
public interface ILogReader
{
    /// <summary>Reads until cancelled; waits out an absent broker.</summary>
    Task RunAsync(CancellationToken cancellation);

    /// <summary>Notes that everything below <paramref name="nextOffset"/> is processed: a hint and a witness for Kafka.</summary>
    void Store(PartitionKey partition, long nextOffset);

    /// <summary>Reads the partition's position again and continues from there.</summary>
    void Reposition(PartitionKey partition);

    /// <summary>The same for all its partitions: the database may stand elsewhere than when they were begun.</summary>
    void Reposition();
}
