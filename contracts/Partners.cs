namespace CardShop.Contracts;

/// <summary>
/// A partner: the document <c>mt_doc_partner</c>, and its record on shop.partners.v1. It holds hashes of keys, never keys.
/// </summary>
/// <param name="Id">1 to 64 of a-z, 0-9 and hyphen; it never changes.</param>
/// <param name="Enabled">False: every key is refused, and no webhook is called.</param>
/// <param name="Scopes">What its keys may do, of <see cref="PartnerScopes"/>.</param>
/// <param name="Skus">Whose events it sees; null = of all products.</param>
/// <param name="Version">Readers ignore a lower version than they hold.</param>
public sealed record Partner(
    string Id,
    string Name,
    bool Enabled,
    IReadOnlyList<string> Scopes,
    IReadOnlyList<string>? Skus,
    IReadOnlyList<PartnerKey> Keys,
    int Version)
{
    /// <summary>True where it may know of this product's orders.</summary>
    public bool Sees(string sku) => Skus is null || Skus.Contains(sku);
}

/// <summary>What is kept of one API key.</summary>
/// <param name="Id">The part of the key that is no secret: operators name it by that.</param>
/// <param name="Hash">Keyed hash of the whole key, Base64 of 16 bytes.</param>
/// <param name="ExpiresAt">From when it is refused; null = never.</param>
public sealed record PartnerKey(string Id, string Hash, DateTimeOffset CreatedAt, DateTimeOffset? ExpiresAt = null);

/// <summary>What a partner's key may do.</summary>
public static class PartnerScopes
{
    /// <summary>Read the event feed.</summary>
    public const string EventsRead = "events:read";

    /// <summary>Place orders under the partner's own idempotency scope and rate limit.</summary>
    public const string OrdersWrite = "orders:write";

    /// <summary>Ask for events to be sent to its webhooks again.</summary>
    public const string WebhooksReplay = "webhooks:replay";

    public static readonly IReadOnlyList<string> All = [EventsRead, OrdersWrite, WebhooksReplay];
}

/// <summary>A partner wants the events of a span of time sent to its webhooks again; on shop.partner-requests.v1.</summary>
/// <param name="After">Events of this time and later.</param>
/// <param name="Until">Events before this time.</param>
/// <param name="Webhook">Only to this one; null = to all that the partner has.</param>
public sealed record WebhookReplayRequested(
    string PartnerId, DateTimeOffset After, DateTimeOffset Until, DateTimeOffset RequestedAt, string? Webhook = null);
