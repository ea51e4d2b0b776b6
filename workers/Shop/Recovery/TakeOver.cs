using CardShop.Contracts;
using CardShop.Shop.Orders;
using CardShop.Shop.Payments;
using CardShop.Shop.Stock;

namespace CardShop.Shop.Recovery;

/// <summary>A recovery from another region's copies of a lost region's log.</summary>
/// <param name="Log">The prefix of the copies' names.</param>
/// <param name="CopiedTo">The time of the newest copy.</param>
/// <param name="LostAt">When the region surely did nothing any more.</param>
public sealed record TakeOver(string Log, DateTimeOffset CopiedTo, DateTimeOffset LostAt)
{
    private static readonly TimeSpan Least = TimeSpan.FromSeconds(1);

    /// <summary>Copies of records from before it may have gone by age; null: none goes by itself.</summary>
    public DateTimeOffset? Aged { get; init; }

    /// <summary>An operator has looked, and says that the mirror ran ever since the backup.</summary>
    public bool AreWhole { get; init; }

    /// <summary>What the region did within it nobody knows here.</summary>
    public TimeSpan Lag => LostAt - CopiedTo > Least ? LostAt - CopiedTo : Least;
}

/// <summary>A delivery that is known, of so many keys.</summary>
public readonly record struct KnownIssue(StockKey Product, DateTimeOffset At, int Keys);

/// <summary>What cannot be known of a region that was lost, and who has to look at it. Pure.</summary>
public static class LostRegion
{
    private const string Reason = "Paid before its region was lost: it may have been delivered there";

    /// <summary>
    /// A paid order whose delivery is not known goes before a person; an open one remembers the loss, for the money that may have
    /// come before it.
    /// </summary>
    /// <returns>The same object where nothing changes.</returns>
    public static OrderCase Mark(OrderCase order, DateTimeOffset lostAt, DateTimeOffset now)
    {
        if (order.Payment is not { Order: { } placed } payment || placed.Kind == ProductKind.Manual || placed.AcceptedAt > lostAt)
        {
            return order;
        }

        if (Attempts.IsOpen(payment))
        {
            return payment.LostAt == lostAt
                ? order
                : order with { Payment = payment with { LostAt = lostAt, Version = payment.Version + 1 } };
        }

        return payment.Status == PaymentStatus.Paid && RefundDecider.Covering(payment) is { } covering && covering.At <= lostAt
            && order.Delivery is { Status: DeliveryStatus.Allocating or DeliveryStatus.WaitingStock } delivery
            ? new(
                ReviewCases.Open(payment, ReviewKind.RegionLost, Reason, now, covering.Number) with { Version = payment.Version + 1 },
                delivery with { Status = DeliveryStatus.Review, Due = null, WaitUntil = null, Version = delivery.Version + 1 })
            : order;
    }

    /// <summary>True for money that may have been delivered before the region was lost.</summary>
    public static bool MayBeDelivered(PaymentSaga saga, ReceivedPayment payment) =>
        saga.LostAt is { } lostAt && payment.At <= lostAt && saga.Order is not { Kind: ProductKind.Manual };

    /// <summary>Such money is booked, and a person finds out whether the region delivered.</summary>
    internal static Decision SetAside(OrderCase order, ReceivedPayment payment, Facts facts, DateTimeOffset now)
    {
        var saga = order.Payment!;
        var placed = saga.Order!;
        var (booked, closes) = Attempts.End(MoneyDecider.Book(saga, payment, now), PaymentStatus.Paid, payment.Number, facts, now);
        var paid = ReviewCases.Open(booked, ReviewKind.RegionLost, Reason, now, payment.Number) with { Reserved = false };
        var delivery = new DeliverySaga(
            placed.OrderId, DeliveryStatus.Review, placed.Sku, placed.Quantity, placed.Region, saga.Reserved, now, [], null, null, null);
        return new(
            new(paid, delivery), [.. closes, new SagaFact()], saga.Reserved ? StockDelta.Pay(placed.Quantity) : default);
    }

    /// <summary>
    /// How many keys of each product the lag could have issued: twice the most that were issued within any time of its length,
    /// and all that paid orders still had to get; at least one of a product that was being sold.
    /// </summary>
    /// <param name="known">Deliveries of the last while, in any order.</param>
    /// <param name="waiting">What paid orders had still to get, and open orders: how many keys are paid for.</param>
    public static IReadOnlyDictionary<StockKey, int> Issued(
        IEnumerable<KnownIssue> known, IEnumerable<(StockKey Product, int Paid)> waiting, TimeSpan lag)
    {
        var issued = known.GroupBy(k => k.Product).ToDictionary(g => g.Key, g => Math.Max(1, 2 * Most([.. g.OrderBy(k => k.At)], lag)));
        foreach (var product in waiting.GroupBy(w => w.Product))
        {
            issued[product.Key] = Math.Max(issued.GetValueOrDefault(product.Key) + product.Sum(w => w.Paid), 1);
        }

        return issued;
    }

    private static int Most(IReadOnlyList<KnownIssue> issues, TimeSpan lag)
    {
        var (most, sum, first) = (0, 0, 0);
        foreach (var issue in issues)
        {
            sum += issue.Keys;
            while (issue.At - issues[first].At > lag)
            {
                sum -= issues[first++].Keys;
            }

            most = Math.Max(most, sum);
        }

        return most;
    }
}
