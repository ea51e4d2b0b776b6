using CardShop.Contracts;
using CardShop.Pipeline.Log;
using CardShop.Shop.Partners;

namespace CardShop.Shop.Recovery;

/// <summary>The part of one partition that a recovery reads.</summary>
/// <param name="First">The first offset that is kept.</param>
/// <param name="From">The first that is read.</param>
/// <param name="End">The end as it was when the plan was made; what comes later is the fleets' work.</param>
public readonly record struct PlannedRange(PartitionKey Partition, long First, long From, long End)
{
    public long Records => Math.Max(0, End - From);
}

/// <summary>What a recovery will do, and whether it can.</summary>
/// <param name="Commit">The commit that the database stands at; everything up to it is in its documents.</param>
/// <param name="Named">The highest commit that the ends of the log name.</param>
/// <param name="Since">A moment that the database has lived to; null where it is empty.</param>
/// <param name="Progress">Next offsets by group and partition, as the database has them.</param>
/// <param name="Committed">The same as Kafka has them: nothing may be processed below them again.</param>
/// <param name="Objections">Why it cannot be done; empty where it can.</param>
public sealed record RecoveryPlan(
    long Commit,
    long Named,
    DateTimeOffset? Since,
    IReadOnlyDictionary<(string Group, PartitionKey Partition), long> Progress,
    IReadOnlyDictionary<(string Group, PartitionKey Partition), long> Committed,
    IReadOnlyList<PlannedRange> Ranges,
    IReadOnlyList<string> Objections)
{
    /// <summary>Null: the installation's own log.</summary>
    public TakeOver? TakeOver { get; init; }

    public IEnumerable<PlannedRange> Of(Topic topic) => Ranges.Where(r => r.Partition.Topic == topic.Name);

    public long RecordsOf(Topic topic) => Of(topic).Sum(r => r.Records);
}

/// <summary>What a recovery did, counted while it goes on.</summary>
public sealed class RecoveryReport
{
    public long CatalogRows { get; set; }

    public long KeysImported { get; set; }

    public long KeysSold { get; set; }

    public long KeysReplaced { get; set; }

    public long TextsHandedOver { get; set; }

    public long KeysVoided { get; set; }

    /// <summary>Moved to other regions since the backup.</summary>
    public long KeysMoved { get; set; }

    public long Orders { get; set; }

    public long FromSnapshot { get; set; }

    public long FromInputs { get; set; }

    public long InputsApplied { get; set; }

    public long Unreadable { get; set; }

    /// <summary>Facts and events that nobody had been told, left in the outbox.</summary>
    public long RecordsToSend { get; set; }

    public long DueForQuery { get; set; }

    public long Waiting { get; set; }

    public long Unheld { get; set; }

    public long Served { get; set; }

    public long StockRows { get; set; }

    public long EventsForPartners { get; set; }

    /// <summary>Webhooks that had more to get than they may have, and so get nothing until somebody enables them.</summary>
    public IReadOnlyList<Webhook> WebhooksDisabled { get; set; } = [];

    public long CommandsPurged { get; set; }

    public long CommitAfter { get; set; }

    /// <summary>Orders that the lost region may have delivered, before a person now.</summary>
    public long LagOrders { get; set; }

    /// <summary>Open orders: money that came in before the loss brings them before a person too.</summary>
    public long LagOpen { get; set; }

    /// <summary>Keys that the lost region may have issued, void now.</summary>
    public long LagKeys { get; set; }
}
