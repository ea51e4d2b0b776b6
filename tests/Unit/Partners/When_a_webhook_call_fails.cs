using CardShop.Shop.Partners;
using Xunit;

namespace CardShop.Tests.Unit.Partners;

public sealed class When_a_webhook_call_fails
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly WebhookOptions Options = new();
    private static readonly WebhookAnswer Error = new(500);

    [Fact]
    public void It_is_tried_again_after_growing_gaps_for_a_day()
    {
        var now = Start;
        var gaps = new List<double>();
        var tries = 1;
        while (WebhookRetry.Decide(Error, tries, Start, null, now, 0.5, Options) is WebhookStep.Retry retry)
        {
            gaps.Add((retry.At - now).TotalSeconds);
            now = retry.At;
            tries++;
        }

        Assert.Equal([5, 15, 45, 135, 405, 1215, 3645, 10935, 21600, 21600, 21600], gaps.Select(g => Math.Round(g)));
        Assert.True(now - Start is var span && span > TimeSpan.FromHours(18) && span <= TimeSpan.FromHours(24));
    }

    [Theory]
    [InlineData(0, 4)]
    [InlineData(1, 6)]
    public void Gaps_are_spread(double jitter, double seconds) => Assert.Equal(
        Start + TimeSpan.FromSeconds(seconds),
        Assert.IsType<WebhookStep.Retry>(WebhookRetry.Decide(Error, 1, Start, null, Start, jitter, Options)).At);

    [Theory]
    [InlineData(60, 60)]
    [InlineData(1, 5)]
    [InlineData(1_000_000, 6 * 3600)]
    public void What_the_endpoint_asks_for_is_heeded_within_bounds(double asked, double seconds) => Assert.Equal(
        Start + TimeSpan.FromSeconds(seconds),
        Assert.IsType<WebhookStep.Retry>(WebhookRetry.Decide(
            new(503, RetryAfter: TimeSpan.FromSeconds(asked)), 1, Start, null, Start, 0.5, Options)).At);

    [Fact]
    public void After_a_day_the_event_is_given_up_where_others_are_taken_and_the_webhook_disabled_where_none_is()
    {
        var late = Start + TimeSpan.FromHours(23);

        Assert.IsType<WebhookStep.GiveUp>(WebhookRetry.Decide(Error, 12, Start, null, late, 0.5, Options));
        Assert.IsType<WebhookStep.GiveUp>(
            WebhookRetry.Decide(Error, 12, Start, Start + TimeSpan.FromHours(1), late, 0.5, Options));
        var disable = Assert.IsType<WebhookStep.Disable>(
            WebhookRetry.Decide(Error, 12, Start, Start - TimeSpan.FromHours(1), late, 0.5, Options));
        Assert.Contains("HTTP 500", disable.Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(199, false)]
    [InlineData(200, true)]
    [InlineData(204, true)]
    [InlineData(299, true)]
    [InlineData(301, false)]
    [InlineData(404, false)]
    public void Only_2xx_is_success(int status, bool delivered) => Assert.Equal(
        delivered, WebhookRetry.Decide(new(status), 1, Start, null, Start, 0.5, Options) is WebhookStep.Delivered);

    [Fact]
    public void Gone_is_gone() =>
        Assert.IsType<WebhookStep.Disable>(WebhookRetry.Decide(new(410), 1, Start, null, Start, 0.5, Options));

    [Theory]
    [InlineData("cardshop.order.delivered.v1", "A", true)]
    [InlineData("cardshop.order.expired.v1", "A", false)]
    [InlineData("cardshop.order.delivered.v1", "B", false)]
    [InlineData("cardshop.order.delivered.v1", "C", false)]
    public void A_webhook_gets_what_it_and_its_partner_may_see(string type, string sku, bool wanted)
    {
        var filter = new Webhook(
            "w", "p", "https://example.org", ["cardshop.order.delivered.v1"], ["A", "B"], true, null, Start, 0, 0, 0, null, null, null, null);
        var subscription = new Subscription("w", new("p", "P", true, [], ["A", "C"], [], 1), filter);

        Assert.Equal(wanted, subscription.Wants(new("id", type, "order", sku, Start, 0, 0, [])));
    }
}
