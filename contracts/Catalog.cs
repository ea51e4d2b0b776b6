using System.Text.Json.Serialization;

namespace CardShop.Contracts;

/// <summary>What a product's buyers get.</summary>
[JsonConverter(typeof(KebabEnumConverter<ProductKind>))]
public enum ProductKind
{
    /// <summary>Keys of which each goes to one order.</summary>
    Unique,

    /// <summary>Keys of which each is sold up to a quota; stock counts what is left of the quotas.</summary>
    Reusable,

    /// <summary>A text that an operator writes for the order; it has no stock.</summary>
    Manual,
}

/// <summary>A product: the document <c>mt_doc_product</c>, and its record on shop.catalog.v1.</summary>
/// <param name="Price">Per unit, minor units (fen).</param>
/// <param name="MaxQuantity">Per order.</param>
/// <param name="HoldSeconds">How long an unpaid order is kept.</param>
/// <param name="WaitSeconds">
/// How long a paid order may wait for stock; 0 = refund at once. Of manual goods: how long an operator may take; 0 = a day.
/// </param>
/// <param name="Version">Readers ignore a lower version than they hold.</param>
/// <param name="Kind">Left out for unique keys, as in records from before there were others. It never changes.</param>
public sealed record Product(
    string Sku,
    string Name,
    long Price,
    string Currency,
    int MaxQuantity,
    bool OnSale,
    HoldPolicy Hold,
    int HoldSeconds,
    int WaitSeconds,
    int Version,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] ProductKind Kind = ProductKind.Unique)
{
    /// <summary>Kept off the public list, but sold to whoever knows the sku: the product by which an installation is verified.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool Hidden { get; init; }

    /// <summary>Fewer available than this are pointed out to operators; 0 = never.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public int LowStock { get; init; }

    /// <summary>
    /// The region, by its letter, where alone its keys are imported; others sell what was moved to them. Null: the region in
    /// whose catalog it stands.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Home { get; init; }

    /// <summary>Under what buyers find it, one line of plain text; null = in no category.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Category { get; init; }

    /// <summary>What the key is and how it is redeemed: plain text for buyers, with line breaks. Null where nothing is said.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Description { get; init; }

    /// <summary>Prices by quantity, quantities rising and prices never; null, and never empty, where there are none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<PriceTier>? Tiers
    {
        get => _tiers.Items;
        init => _tiers = new(value);
    }

    private readonly PriceTiers _tiers;

    /// <summary>What each unit costs where so many are ordered at once: the price of the highest tier reached. Minor units.</summary>
    public long PriceOf(int quantity) => _tiers.Find(quantity)?.Price ?? Price;

    /// <summary>What so many cost together, minor units.</summary>
    /// <exception cref="OverflowException">More than fits: no product within its bounds comes near.</exception>
    public long AmountOf(int quantity) => checked(PriceOf(quantity) * quantity);
}

/// <summary>Advisory stock of a product: a hint for buyers, never a promise.</summary>
public sealed record StockLevel(string Sku, string Region, long Available, DateTimeOffset At);

/// <summary>Is a payment channel up?</summary>
/// <param name="Up">Whether any of its merchant profiles is.</param>
/// <param name="Down">The profiles whose breaker is open; null where none is.</param>
public sealed record ChannelState(string Channel, bool Up, DateTimeOffset Since, IReadOnlyList<string>? Down = null)
{
    /// <summary>
    /// The operator who switched the channel on or off, under the key <see cref="SwitchKey"/>: it stands until the next
    /// switch. Null where a fleet says what it sees.
    /// </summary>
    public string? By { get; init; }

    /// <summary>Why it was switched, in the operator's words.</summary>
    public string? Why { get; init; }

    /// <summary>The record's key of an operator's word: what fleets say of the channel does not replace it.</summary>
    public static string SwitchKey(string channel) => "operator/" + channel;
}

/// <summary>How far a fleet has come in a partition.</summary>
/// <param name="NextOffset">Everything below is processed.</param>
/// <param name="PerSecond">Records per second lately.</param>
public sealed record Pulse(string Fleet, string Topic, int Partition, long NextOffset, double PerSecond, DateTimeOffset At);

/// <summary>A record or command that no fleet could process.</summary>
/// <param name="Reason">The failure's type and message; no payload, no secret.</param>
public sealed record DeadLetter(
    string Topic, int Partition, long Offset, string? Key, string? Type, string Reason, string? OrderId,
    DateTimeOffset At, byte[] Body);

/// <summary>
/// What became of a dead letter: on shop.dead-letters.v1 itself, in the letter's partition, so that it is kept wherever the
/// letter is.
/// </summary>
/// <param name="Offset">The letter's place in the partition.</param>
/// <param name="How"><c>retried</c> or <c>discarded</c>.</param>
/// <param name="Operator">Who decided it.</param>
/// <param name="Reason">Why, in the operator's words.</param>
public sealed record DeadLetterResolved(long Offset, string How, string Operator, string? Reason, DateTimeOffset At)
{
    public const string Retried = "retried";

    public const string Discarded = "discarded";
}
