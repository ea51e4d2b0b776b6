using CardShop.Contracts;
using CardShop.Shop.Store;

namespace CardShop.Shop.Replay;

/// <summary>What a changed record means to people.</summary>
/// <param name="Done">Of records that changed nothing.</param>
/// <param name="Changed">Of records that changed something.</param>
public sealed record ReplayWords(string Done, string Changed);

/// <summary>A topic whose records fleets process, so that they can be processed again.</summary>
/// <param name="Group">The fleet's consumer group.</param>
/// <param name="Deliveries">Whether its work loads delivery documents.</param>
/// <param name="BySku">Whether its records can be told apart by product.</param>
/// <param name="ByOrder">Whether they can be told apart by order.</param>
/// <param name="KeyedByOrder">Whether an order's records are all in one partition.</param>
/// <param name="MostAtOnce">Records that are read at once: those of keys are large.</param>
public sealed record ReplayTopic(
    Topic Topic, string Group, bool Deliveries, bool BySku, bool ByOrder, bool KeyedByOrder, int MostAtOnce,
    ReplayWords Words)
{
    private static readonly ReplayWords Repair = new("already done", "repaired");

    public static readonly IReadOnlyList<ReplayTopic> All =
    [
        new(Topics.Orders, "orders", false, BySku: true, ByOrder: true, KeyedByOrder: false, 5_000, Repair),
        new(
            Topics.PaymentNotifications, "payments", true, BySku: false, ByOrder: true, KeyedByOrder: true, 5_000, Repair),
        new(Topics.KeyBatches, "delivery", true, BySku: true, ByOrder: false, KeyedByOrder: false, 50, Repair),
        new(
            Topics.Deliveries, FleetGroups.Notifications, false, BySku: true, ByOrder: true, KeyedByOrder: true, 5_000,
            new("no webhook wants them", "given to webhooks again")),
    ];

    private static readonly Dictionary<string, string> Others = new()
    {
        [Topics.SagaFacts.Name] = "It holds snapshots of what fleets decided; 'shopctl recover' rebuilds documents from them.",
        [Topics.Catalog.Name] = Compacted,
        [Topics.Stock.Name] = Compacted,
        [Topics.Channels.Name] = Compacted,
        [Topics.Pulse.Name] = Compacted,
        [Topics.Partners.Name] = Compacted,
        [Topics.Audit.Name] = "It records what operators did; 'shopctl incident' shows a span of it.",
        [Topics.DeadLetters.Name] = "What no fleet could process goes again by 'shopctl dead-letters retry'.",
        [Topics.PartnerRequests.Name] = "It holds what partners asked for; a partner asks again, or reads its events from GET /v1/events.",
    };

    private const string Compacted =
        "It holds the last value of each key; whoever needs it reads all of it at every start: restart that part.";

    /// <summary>By its name; null where its records are not replayed.</summary>
    public static ReplayTopic? Find(string name) => All.FirstOrDefault(t => t.Topic.Name == name);

    /// <summary>Why a topic is not replayed, and what to do instead.</summary>
    public static string InsteadOf(string name) =>
        $"{name} is not replayed. {Others.GetValueOrDefault(name) ?? "There is no such topic."} " +
        $"Topics that are: {string.Join(", ", All.Select(t => t.Topic.Name))}.";

    /// <summary>
    /// The partitions that can hold records of a product or an order; all where that cannot be told.
    /// </summary>
    public IReadOnlySet<int> PartitionsOf(string? sku, string? orderId) =>
        orderId is not null && KeyedByOrder ? new HashSet<int> { Topic.PartitionOf(orderId) }
        : sku is not null && BySku && !KeyedByOrder ? new HashSet<int> { Topic.PartitionOf(sku) }
        : Enumerable.Range(0, Topic.Partitions).ToHashSet();
}
