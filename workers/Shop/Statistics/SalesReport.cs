using System.Text.Json.Serialization;

namespace CardShop.Shop.Statistics;

/// <summary>
/// What became of the orders that were placed on some days: every figure belongs to the day of the order, so a conversion
/// never exceeds one, and a refund of today changes the day of its order.
/// </summary>
/// <param name="Pending">Days of the range that are still being counted, and are in no figure: ask again in a minute.</param>
/// <param name="Zone">Whose midnight parts the days.</param>
public sealed record SalesReport(
    IReadOnlyList<SalesDay> Days, IReadOnlyList<ChannelSales> Channels, SalesFigures Funnel, IReadOnlyList<DateOnly> Pending, string Zone);

/// <summary>One product's orders of one day.</summary>
public sealed record SalesDay(DateOnly Day, string Sku, [property: JsonIgnore] SalesFigures Figures)
{
    public long Placed => Figures.Placed;

    public long Paid => Figures.Paid;

    public long Delivered => Figures.Delivered;

    public long Expired => Figures.Expired;

    public long Refused => Figures.Refused;

    public long SoldOut => Figures.SoldOut;

    public long Cancelled => Figures.Cancelled;

    public long Refunded => Figures.Refunded;

    public long Revenue => Figures.Revenue;

    public long RefundedAmount => Figures.RefundedAmount;

    public double? AverageDeliverySeconds => Figures.AverageDeliverySeconds;
}

/// <param name="Orders">Paid ones.</param>
/// <param name="Amount">Their money, fen, before refunds.</param>
public sealed record ChannelSales(string Channel, long Orders, long Amount);

/// <summary>Sums over orders.</summary>
/// <param name="Placed">Accepted and processed.</param>
/// <param name="PaymentOpened">The buyer could pay.</param>
/// <param name="Refused">By the limits of open orders.</param>
/// <param name="Refunded">Orders of which any money went back.</param>
/// <param name="Revenue">Money that came in, fen, before refunds; without what waits for a person.</param>
/// <param name="RefundedAmount">Fen.</param>
/// <param name="Timed">Deliveries whose payment's time is known.</param>
/// <param name="DeliveryMilliseconds">How long these took together, from the payment.</param>
public sealed record SalesFigures(
    long Placed, long PaymentOpened, long Paid, long Delivered, long Expired, long Refused, long SoldOut, long Cancelled,
    long Refunded, long Revenue, long RefundedAmount, [property: JsonIgnore] long Timed, [property: JsonIgnore] long DeliveryMilliseconds)
{
    public static SalesFigures None { get; } = new(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);

    /// <summary>Null where nothing was delivered.</summary>
    public double? AverageDeliverySeconds => Timed == 0 ? null : Math.Round(DeliveryMilliseconds / 1_000.0 / Timed, 3);

    public static SalesFigures operator +(SalesFigures a, SalesFigures b) => new(
        a.Placed + b.Placed, a.PaymentOpened + b.PaymentOpened, a.Paid + b.Paid, a.Delivered + b.Delivered, a.Expired + b.Expired,
        a.Refused + b.Refused, a.SoldOut + b.SoldOut, a.Cancelled + b.Cancelled, a.Refunded + b.Refunded, a.Revenue + b.Revenue,
        a.RefundedAmount + b.RefundedAmount, a.Timed + b.Timed, a.DeliveryMilliseconds + b.DeliveryMilliseconds);
}

/// <summary>Figures as they are kept: of a day, a product and a channel.</summary>
public sealed record SalesRow(DateOnly Day, string Sku, string Channel, SalesFigures Figures);

/// <summary>Makes a report of rows. Pure.</summary>
public static class SalesSums
{
    public static SalesReport Report(IReadOnlyList<SalesRow> rows, IReadOnlyList<DateOnly> pending, string zone) => new(
        [
            .. from row in rows
               group row.Figures by (row.Day, row.Sku) into day
               orderby day.Key.Day, day.Key.Sku
               select new SalesDay(day.Key.Day, day.Key.Sku, Sum(day)),
        ],
        [
            .. from row in rows
               where row.Figures.Paid > 0
               group row.Figures by row.Channel into channel
               let sum = Sum(channel)
               orderby sum.Revenue descending, channel.Key
               select new ChannelSales(channel.Key, sum.Paid, sum.Revenue),
        ],
        Sum(rows.Select(r => r.Figures)), pending, zone);

    private static SalesFigures Sum(IEnumerable<SalesFigures> figures) => figures.Aggregate(SalesFigures.None, (a, b) => a + b);
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(SalesReport))]
public sealed partial class SalesJson : JsonSerializerContext;
