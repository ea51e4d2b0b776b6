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

    /// <summary>Settings <c>Kafka__Tls__…</c>; null = Kafka is spoken to in the clear.</summary>
    public KafkaTls? Tls { get; init; }
}
