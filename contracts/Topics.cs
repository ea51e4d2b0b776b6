namespace CardShop.Contracts;

/// <summary>A Kafka topic as every process agrees on it. Partition counts are fixed for a topic's life.</summary>
/// <param name="Compacted">The last value per key is the state; otherwise nothing is deleted by time or size.</param>
public sealed record Topic(string Name, int Partitions, bool Compacted = false)
{
    /// <summary>The partition of a key: the same in every process, for the topic's life.</summary>
    public int PartitionOf(string key) => Partitioning.PartitionOf(key, Partitions);

    /// <summary>How long records stay, at least; null, as of every topic of one's own: until housekeeping trims them.</summary>
    public TimeSpan? KeptFor { get; init; }
}

/// <summary>All topics. The last name part is the version: growth is a v2 topic after v1 has drained.</summary>
public static class Topics
{
    /// <summary>The version of the orders topic that tokens name.</summary>
    public const byte OrdersVersion = 1;

    /// <summary>Keyed by sku: OrderPlaced, OrderCancelRequested, ChannelSwitchRequested.</summary>
    public static readonly Topic Orders = new("shop.orders.v1", 12);

    /// <summary>Keyed by order id: providers' notifications, verified at arrival.</summary>
    public static readonly Topic PaymentNotifications = new("shop.payment-notifications.v1", 12);

    /// <summary>Keyed by order id: snapshots of the PaymentSaga at transitions that the inputs do not imply.</summary>
    public static readonly Topic SagaFacts = new("shop.saga-facts.v1", 12);

    /// <summary>Keyed by order id: CloudEvents for partners.</summary>
    public static readonly Topic Deliveries = new("shop.deliveries.v1", 12);

    /// <summary>Keyed by sku: imported keys, encrypted, in batches; voids.</summary>
    public static readonly Topic KeyBatches = new("shop.key-batches.v1", 6);

    /// <summary>Keyed by sku: what is sold, at which price, under which policies.</summary>
    public static readonly Topic Catalog = new("shop.catalog.v1", 1, Compacted: true);

    /// <summary>Keyed by sku: advisory stock level.</summary>
    public static readonly Topic Stock = new("shop.stock.v1", 1, Compacted: true);

    /// <summary>Keyed by channel: is it up, since when.</summary>
    public static readonly Topic Channels = new("shop.channels.v1", 1, Compacted: true);

    /// <summary>Keyed by fleet and partition: processed offset and rate.</summary>
    public static readonly Topic Pulse = new("shop.pulse.v1", 1, Compacted: true);

    /// <summary>Keyed by operator: who did what, who approved.</summary>
    public static readonly Topic Audit = new("shop.audit.v1", 3);

    /// <summary>Keyed by origin: records that no fleet could process.</summary>
    public static readonly Topic DeadLetters = new("shop.dead-letters.v1", 3);

    /// <summary>Keyed by partner: keys (as hashes), scopes and visibility, so that the API asks no database.</summary>
    public static readonly Topic Partners = new("shop.partners.v1", 1, Compacted: true);

    /// <summary>Keyed by partner: what partners ask the notifications fleet for.</summary>
    public static readonly Topic PartnerRequests = new("shop.partner-requests.v1", 1);

    public static readonly IReadOnlyList<Topic> All =
    [
        Orders, PaymentNotifications, SagaFacts, Deliveries, KeyBatches, Catalog, Stock, Channels, Pulse, Audit,
        DeadLetters, Partners, PartnerRequests,
    ];

    /// <summary>
    /// A takeover reads from an hour before the backup that it begins with, and backups are kept for 30 days, their notes for 40.
    /// </summary>
    public static readonly TimeSpan CopiesKept = TimeSpan.FromDays(40);

    /// <summary>
    /// What another region keeps copies of, for a takeover: <c>--fleet mirror</c> copies these, and MirrorMaker 2 in Kubernetes.
    /// </summary>
    /// <remarks>
    /// The others are made anew: stock, channels and pulse are told by the fleets; requests of partners are made again.
    /// What housekeeping trims at the source it cannot trim here: copies of it go by age, <see cref="CopiesKept"/>.
    /// </remarks>
    public static readonly IReadOnlyList<Topic> Mirrored =
    [
        Copied(Orders), Copied(PaymentNotifications), Copied(SagaFacts), Copied(Deliveries), Copied(KeyBatches), Catalog, Partners,
        Audit, DeadLetters,
    ];

    private static Topic Copied(Topic topic) => topic with { KeptFor = CopiesKept };
}

/// <summary>Names of record headers.</summary>
public static class RecordHeaders
{
    /// <summary>The message's type name, as in <see cref="MessageTypes"/>.</summary>
    public const string Type = "type";

    /// <summary>The commit number of the transaction that sent the record: the witness of the rollback fence.</summary>
    public const string Commit = "commit";

    /// <summary>Of a copy in another region's log: the original's offset, in decimal digits.</summary>
    public const string Mirrored = "mirrored";
}
