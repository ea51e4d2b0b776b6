using CardShop.Pipeline.Batches;
using CardShop.Shop.Orders;
using CardShop.Shop.Partners;

namespace CardShop.Shop.Replay;

/// <summary>Which records of a range are meant.</summary>
/// <param name="Sku">Null = of all products.</param>
/// <param name="OrderId">Null = of all orders.</param>
public sealed record ReplayFilter(string? Sku, string? OrderId)
{
    public static readonly ReplayFilter None = new(null, null);

    public bool IsNone => Sku is null && OrderId is null;

    /// <summary>True for a decoded record that is meant.</summary>
    public bool Takes(ReplayTopic topic, LogIncoming record, object message) =>
        (Sku is null || SkuOf(topic, record, message) == Sku) && (OrderId is null || OrderOf(message) == OrderId);

    /// <summary>The same for one that cannot be decoded: only its key can tell.</summary>
    public bool TakesUnread(ReplayTopic topic, LogIncoming record) =>
        (Sku is null || topic.KeyedByOrder || record.Key == Sku)
        && (OrderId is null || !topic.KeyedByOrder || record.Key == OrderId);

    /// <summary>The order that a message is about; null where it is none's.</summary>
    public static string? OrderOf(object? message) =>
        message is PartnerEvent e ? e.OrderId : OrderMessages.OrderOf(message);

    private static string SkuOf(ReplayTopic topic, LogIncoming record, object message) => message switch
    {
        PartnerEvent e => e.Sku,
        _ => topic.KeyedByOrder ? string.Empty : record.Key,
    };
}

/// <summary>A record that is not meant: its partition moves past it.</summary>
public sealed class PassedOver
{
    public static readonly PassedOver Instance = new();

    private PassedOver()
    {
    }
}
