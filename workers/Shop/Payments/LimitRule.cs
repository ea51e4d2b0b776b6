using CardShop.Contracts;
using CardShop.Shop.Orders;

namespace CardShop.Shop.Payments;

/// <summary>
/// What protects the stock from orders that nobody means to pay: a limit of open orders per contact and per network, and
/// a share of a product beyond which unpaid orders hold nothing. Pure.
/// </summary>
internal static class LimitRule
{
    /// <returns>Why the order is refused; null where it is not. Orders without a network (local mode) are exempt.</returns>
    public static string? Exceeded(OrderPlaced placed, Facts facts) =>
        placed.NetworkHash is null ? null
        : facts.OpenOfContact >= facts.Settings.MaxOpenPerContact
            ? $"The contact has {facts.Settings.MaxOpenPerContact} unpaid orders already"
        : facts.OpenOfNetwork >= facts.Settings.MaxOpenPerNetwork
            ? $"The network has {facts.Settings.MaxOpenPerNetwork} unpaid orders already"
        : null;

    /// <summary>
    /// True where the order's stock is set aside before it is paid: the product says so, and unpaid orders with this one
    /// stay within their share of what could be sold.
    /// </summary>
    public static bool HoldsAtOrder(OrderPlaced placed, Facts facts) =>
        placed.Hold == HoldPolicy.Order && placed.Kind != ProductKind.Manual
            && (facts.Held + placed.Quantity) * 100 <= (facts.Held + facts.Available) * facts.Settings.HoldSharePercent;
}
