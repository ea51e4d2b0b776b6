using CardShop.Pipeline.Log;
using CardShop.Shop.Stock;

namespace CardShop.Shop.Telemetry;

/// <summary>A number of things that wait, and for how long the oldest has; counted up to a bound.</summary>
public readonly record struct Backlog(long Count, double OldestSeconds);

/// <summary>What PostgreSQL says, in one round trip. Every count is bounded.</summary>
/// <param name="Parked">Messages that can never be sent.</param>
/// <param name="Reviews">Orders with an open case.</param>
/// <param name="WaitingStock">Paid orders that wait for keys.</param>
/// <param name="Manual">Paid manual goods that wait for an operator.</param>
/// <param name="OverduePayments">Payment sagas whose due time is a minute past: the watchdog does not get to them.</param>
/// <param name="MailsFailed">Mails that were given up.</param>
/// <param name="ArchiveFailing">The last try to archive a segment of the write-ahead log failed.</param>
/// <param name="BackupAgeSeconds">Since the last backup ended; infinite without any, null where none are kept account of.</param>
/// <param name="ReplicaLagSeconds">Of the standby that is furthest behind; 0 without any.</param>
public sealed record DatabaseSurvey(
    Backlog Outbox, long Parked, Backlog Reviews, Backlog WaitingStock, long Manual, long OverduePayments,
    long OverdueDeliveries, long WebhooksDisabled, long WebhooksFailing, long WebhookBacklog, long MailsFailed, long MailsWaiting,
    long Connections, long MaxConnections, long SizeBytes, int Replicas, double ReplicaLagSeconds,
    double OldestTransactionSeconds, bool ArchiveFailing, double? BackupAgeSeconds, IReadOnlyDictionary<(string Group, PartitionKey Partition), long> Progress);

/// <summary>A product's stock row beside its key rows.</summary>
/// <param name="UnsoldKeys">Counted up to <see cref="StockLook.CountLimit"/>.</param>
public sealed record StockLook(StockKey Key, long Available, long Reserved, long Held, long UnsoldKeys)
{
    /// <summary>Keys of one product that are counted; of a product with more only a lack below it is seen.</summary>
    public const int CountLimit = 20_000;

    /// <summary>Key rows too many (positive) or too few; 0 where row and rows agree as far as they were counted.</summary>
    public long Drift => UnsoldKeys - Math.Min(Available + Reserved, CountLimit);
}

/// <summary>One look at the whole shop. A part that could not be asked is null.</summary>
public sealed record Survey(
    DateTimeOffset At, DatabaseSurvey Database, IReadOnlyDictionary<(string Group, PartitionKey Partition), long>? Lag,
    IReadOnlyDictionary<string, double>? QueueAge, long? DeadLetters, IReadOnlyDictionary<string, uint>? Queues,
    IReadOnlyList<StockLook> Lowest, IReadOnlyList<StockLook> Drifting);
