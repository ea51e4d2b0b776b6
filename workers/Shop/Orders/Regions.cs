using CardShop.Contracts;
using CardShop.Shop.Delivery;
using CardShop.Shop.Payments;

namespace CardShop.Shop.Orders;

/// <summary>An input that another region processes: kept in the log, counted, and passed over here.</summary>
/// <param name="Region">Whose it is.</param>
public sealed record ForeignInput(string Region);

/// <summary>Inputs of one region that a batch passed over on one topic.</summary>
public readonly record struct PassedInputs(string Region, string Topic, int Records);

/// <summary>
/// Whose a message is. An order's id begins with the letter of the region that took it, and that region alone processes it;
/// keys and voids name theirs. Pure.
/// </summary>
public static class Regions
{
    /// <summary>The region of a program that is told none.</summary>
    public const string Default = "a";

    public static bool IsLetter(string? text) => text is [>= 'a' and <= 'z'];

    /// <summary>The region of an order's id; null for other text.</summary>
    public static string? OfId(string? id) => OrderIds.IsValid(id) ? id![..1] : null;

    /// <summary>The region that a message is for; null where it is nobody's in particular.</summary>
    public static string? Of(object? message) => message switch
    {
        ForeignInput m => m.Region,
        PaymentMessage m => OfId(m.OrderId),
        DeliveryMessage m => OfId(m.OrderId),
        KeysImported m => m.Region,
        KeysVoided m => m.Region,
        _ => null,
    };

    /// <param name="own">The region that asks; null: one that processes all ids.</param>
    /// <returns>The other region that it is for; null where it is to be processed here.</returns>
    public static string? Foreign(string? region, string? own) => own is null || region == own ? null : region;
}
