using CardShop.Contracts;
using CardShop.Pipeline.Log;
using CardShop.Pipeline.Outbox;
using CardShop.Shop.Stock;

namespace CardShop.Tests.Simulation.Servers;

internal enum KeyStatus
{
    Unsold,
    Sold,
    Void,
}

internal readonly record struct KeyRow(StockKey Stock, KeyStatus Status, string? OrderId);

internal readonly record struct StockRow(long Imported, long Available, long Reserved, long Held, long Sold, long Void)
{
    public StockRow Plus(StockDelta d) => new(
        Imported + d.Imported, Available + d.Available, Reserved + d.Reserved, Held + d.Held, Sold + d.Sold, Void + d.Void);

    /// <summary>The table's checks.</summary>
    public bool Holds => Imported >= 0 && Available >= 0 && Reserved >= 0 && Held >= 0 && Sold >= 0 && Void >= 0
        && Held <= Reserved && Available + Reserved + Sold + Void == Imported;
}

internal readonly record struct OutboxEntry(OutboxRow Row, long CreatedAt);

/// <summary>Everything that the database holds. Rows never change in place, so a copy of the tables is a backup.</summary>
internal sealed class StoreState
{
    public Dictionary<string, PaymentSaga> Payments { get; init; } = [];

    public Dictionary<string, DeliverySaga> Deliveries { get; init; } = [];

    public SortedDictionary<Guid, KeyRow> Keys { get; init; } = [];

    /// <summary>By id, with the places of the keys that were known.</summary>
    public Dictionary<string, int[]> Batches { get; init; } = [];

    /// <summary>By id: how many keys it named, and how many became void.</summary>
    public Dictionary<string, (int Asked, int Voided)> Voids { get; init; } = [];

    public Dictionary<StockKey, StockRow> Stock { get; init; } = [];

    public SortedDictionary<long, OutboxEntry> Outbox { get; init; } = [];

    public HashSet<(long Outbox, string? OrderId)> Parked { get; init; } = [];

    public Dictionary<(string Group, PartitionKey Partition), long> Progress { get; init; } = [];

    public HashSet<string> Archived { get; init; } = [];

    public long CommitNo { get; set; }

    public long OutboxNumber { get; set; }

    public StoreState Copy() => new()
    {
        Payments = new(Payments),
        Deliveries = new(Deliveries),
        Keys = new(Keys),
        Batches = new(Batches),
        Voids = new(Voids),
        Stock = new(Stock),
        Outbox = new(Outbox),
        Parked = [.. Parked],
        Progress = new(Progress),
        Archived = [.. Archived],
        CommitNo = CommitNo,
        OutboxNumber = OutboxNumber,
    };

    /// <summary>
    /// The reveal rule, as the one statement of the buyer's view has it: delivered, no row of the document's number with an
    /// unsent record, nothing of the order parked.
    /// </summary>
    public IReadOnlyList<Guid>? KeysShown(string orderId) =>
        Deliveries.TryGetValue(orderId, out var delivery) && delivery.Status == DeliveryStatus.Delivered
            && !(Outbox.TryGetValue(delivery.Outbox, out var entry) && entry.Row.Records.Count > 0)
            && !Parked.Contains((delivery.Outbox, orderId))
            ? delivery.Keys
            : null;
}
