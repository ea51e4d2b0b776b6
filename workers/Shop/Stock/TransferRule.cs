using System.Globalization;
using CardShop.Contracts;

namespace CardShop.Shop.Stock;

/// <summary>So many keys of a product, moved from its home region to another.</summary>
/// <param name="Id">Of the deed: the same id is the same transfer, however often it is run. Letters and digits.</param>
/// <param name="From">The region that has them.</param>
public sealed record TransferOrder(string Id, string Sku, string From, string To, int Quantity, string Operator, string Reason)
{
    public const int Most = 1_000_000;
}

/// <summary>A key picked for a transfer, sealed.</summary>
public readonly record struct MovedKey(Guid Id, string Kek, byte[] Sealed);

/// <summary>
/// Which keys may be moved where. A product has one home region: there alone keys come in from outside, and from there alone
/// they are moved, each once: so a key is for sale in one region at any time, whatever is recovered where. Pure.
/// </summary>
public static class TransferRule
{
    /// <summary>As JSON; Kafka takes 1,000,000 bytes with headers and all.</summary>
    private const int MaxBytes = 800_000;

    /// <summary>Keys that one transaction moves.</summary>
    public const int MaxKeys = 1_000;

    /// <summary>Id, names and quotation marks of one key in JSON.</summary>
    private const int KeyOverhead = 70;

    /// <param name="home">The product's home region; null: the region that asks.</param>
    /// <returns>Why keys are not imported here; null where they are.</returns>
    public static string? AgainstImport(string sku, string? home, string own) => home is null || home == own
        ? null
        : $"{sku}'s home region is {home}, here is {own}: import there, and then move what this region shall sell: " +
            $"shopctl stock transfer {sku} --to {own} --quantity N.";

    /// <returns>Why it is not done; null where it may be.</returns>
    public static string? Against(TransferOrder order, Product product, long available) =>
        order.To == order.From ? $"--to {order.To} is this region itself: name another."
        : product.Kind == ProductKind.Manual ? $"{order.Sku} is of manual goods: it has no stock to move."
        : product.Home is { } home && home != order.From
            ? $"{order.Sku}'s home region is {home}: keys are moved from there alone, each once."
        : order.Quantity is < 1 or > TransferOrder.Most
            ? string.Create(CultureInfo.InvariantCulture, $"--quantity must be 1 to {TransferOrder.Most}.")
        : order.Quantity > available
            ? string.Create(
                CultureInfo.InvariantCulture,
                $"{order.Quantity:N0} of {order.Sku} are to be moved, {available:N0} are available: what orders have reserved stays.")
        : null;

    /// <summary>
    /// The first part of what was picked: keys under one key-encryption key, as many as a record takes; at least one where any
    /// is given.
    /// </summary>
    public static IReadOnlyList<MovedKey> Part(IReadOnlyList<MovedKey> picked)
    {
        var part = new List<MovedKey>();
        var bytes = 0;
        foreach (var key in picked.Where(k => k.Kek == picked[0].Kek))
        {
            bytes += KeyOverhead + ((key.Sealed.Length + 2) / 3 * 4);
            if (part.Count == MaxKeys || (part.Count > 0 && bytes > MaxBytes))
            {
                break;
            }

            part.Add(key);
        }

        return part;
    }

    /// <summary>The id of a part: of its void here, and of its batch there.</summary>
    public static string PartId(string transfer, int part) => string.Create(CultureInfo.InvariantCulture, $"{transfer}-{part:D6}");

    /// <summary>The id of a transfer from its deed's: in a batch's id everything before the first hyphen names the import.</summary>
    public static string IdOf(string commandId) =>
        "moved" + string.Concat(commandId.Where(char.IsAsciiLetterOrDigit)).ToLowerInvariant();
}
