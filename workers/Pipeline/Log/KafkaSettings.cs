using Confluent.Kafka;

namespace CardShop.Pipeline.Log;

/// <summary>How to reach Kafka, and the bounds of this process's use of it.</summary>
/// <param name="BootstrapServers">Setting <c>Kafka__BootstrapServers</c>.</param>
/// <param name="ClientId">Shown in the broker's logs.</param>
/// <param name="MessageTimeout">How long a produce may take, with all its retries.</param>
/// <param name="Linger">How long a record may wait for company.</param>
public sealed record KafkaSettings(
    string BootstrapServers, string ClientId, TimeSpan MessageTimeout, TimeSpan Linger)
{
    /// <summary>Records waiting in this process; more are refused.</summary>
    public int MaxQueuedRecords { get; init; } = 200_000;

    /// <summary>Kilobytes waiting in this process; more are refused.</summary>
    public int MaxQueuedKilobytes { get; init; } = 256 * 1024;

    /// <summary>A member that is silent so long has lost its partitions.</summary>
    public TimeSpan SessionTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Setting <c>Kafka__InstanceId</c>: a name of its own for each place that runs this fleet. A process that comes back
    /// under it has its partitions at once, instead of after the session of the dead one; null = a new member each time.
    /// </summary>
    public string? InstanceId { get; init; }

    /// <summary>
    /// Setting <c>Kafka__TopicPrefix</c>: what stands before the names of all topics and groups there. Empty, but for a region
    /// that was taken over: it lives on in the topics that mirrored it.
    /// </summary>
    public string TopicPrefix { get; init; } = string.Empty;

    /// <summary>The largest record that is produced, in bytes.</summary>
    public int MaxRecordBytes { get; init; } = 1_000_000;

    /// <exception cref="InvalidOperationException">It is no prefix.</exception>
    public static string PrefixOf(string? text) =>
        string.IsNullOrEmpty(text) ? string.Empty
        : text.Length is > 1 and <= 32 && text.EndsWith('.') && text.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '-' or '.')
            ? text
            : throw new InvalidOperationException(
                "Setting Kafka__TopicPrefix must be small letters, digits and hyphens with a dot at the end, as in a. or east.");

    /// <summary>A partition as Kafka knows it.</summary>
    internal TopicPartition There(PartitionKey partition) => new(TopicPrefix + partition.Topic, partition.Partition);

    /// <summary>The same as this process knows it.</summary>
    internal PartitionKey Here(TopicPartition partition) => new(partition.Topic[TopicPrefix.Length..], partition.Partition.Value);

    /// <summary>Settings <c>Kafka__Tls__…</c>; null = Kafka is spoken to in the clear.</summary>
    public KafkaTls? Tls { get; init; }
}
