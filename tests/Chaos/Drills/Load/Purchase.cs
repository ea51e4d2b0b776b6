namespace CardShop.Tests.Chaos.Drills.Load;

/// <summary>One order from a buyer's side.</summary>
internal sealed class Purchase(string sku, DateTimeOffset plannedAt)
{
    public string Sku => sku;

    /// <summary>When the buyer wanted it.</summary>
    public DateTimeOffset PlannedAt => plannedAt;

    /// <summary>The same in every try: whoever repeats an order repeats its key.</summary>
    public string Key { get; } = Guid.NewGuid().ToString("N");

    /// <summary>When the shop said that it has it; null while it has not.</summary>
    public DateTimeOffset? AcceptedAt { get; set; }

    public string Id { get; set; } = "";

    public string Token { get; set; } = "";

    /// <summary>As the shop tells it at the end; null while it is not delivered.</summary>
    public DateTimeOffset? DeliveredAt { get; set; }

    /// <summary>What was delivered.</summary>
    public IReadOnlyList<string> Keys { get; set; } = [];
}

/// <summary>A request that was not answered as it should be.</summary>
internal sealed record FailedRequest(DateTimeOffset At, string What, string Why);
