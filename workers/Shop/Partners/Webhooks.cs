namespace CardShop.Shop.Partners;

/// <summary>An endpoint of a partner, and which events it gets.</summary>
/// <param name="Events">Of <see cref="Contracts.MessageTypes.PartnerEvents"/>; null = all, those of the future too.</param>
/// <param name="Skus">Beside the partner's own limit; null = no other.</param>
/// <param name="OldUntil">Until when the secret before signs too.</param>
/// <param name="Reason">Why it is disabled.</param>
/// <param name="FailingSince">No call has succeeded since; null while calls succeed.</param>
/// <param name="MissedSince">
/// It misses events of this time and later: it was disabled, or its partner was. Null while it misses none.
/// </param>
public sealed record Webhook(
    string Id, string Partner, string Url, IReadOnlyList<string>? Events, IReadOnlyList<string>? Skus, bool Enabled,
    string? Reason, DateTimeOffset CreatedAt, long Pending, long Delivered, long GivenUp, DateTimeOffset? FailingSince,
    DateTimeOffset? MissedSince, string? LastError, DateTimeOffset? OldUntil)
{
    /// <summary>True where this webhook of a partner gets such events.</summary>
    public bool Wants(string type, string sku) =>
        (Events is null || Events.Contains(type)) && (Skus is null || Skus.Contains(sku));
}

/// <summary>A webhook in use, with what its partner may see.</summary>
public sealed record Subscription(string Webhook, Contracts.Partner Partner, Webhook Filter)
{
    public bool Wants(PartnerEvent e) => Partner.Sees(e.Sku) && Filter.Wants(e.Type, e.Sku);
}

/// <summary>An event on its way to a webhook.</summary>
/// <param name="Tries">Calls, this one included.</param>
public sealed record WebhookDelivery(
    string OrderId, long Offset, string EventId, byte[] Body, int Tries, DateTimeOffset FirstTry);

/// <summary>Where a webhook is called and how; read with each claim, so that a change counts at once.</summary>
/// <param name="Secrets">The newest first.</param>
/// <param name="ClaimedAt">When its deliveries were taken: none of their calls began before.</param>
public sealed record WebhookTarget(
    Uri Url, IReadOnlyList<SealedSecret> Secrets, DateTimeOffset? FailingSince, DateTimeOffset ClaimedAt,
    IReadOnlyList<WebhookDelivery> Deliveries);

/// <summary>What came of one delivery.</summary>
public sealed record WebhookOutcome(WebhookDelivery Delivery, WebhookAnswer Answer, WebhookStep Step);
