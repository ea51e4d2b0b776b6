using CardShop.Contracts;
using CardShop.Shop.Stock;
using CardShop.Shopctl.Audit;
using CardShop.Shopctl.Channels;
using CardShop.Shopctl.Stock;
using Xunit;

namespace CardShop.Tests.Unit.Shopctl;

public sealed class When_stock_is_shown
{
    private static readonly StockKey Key = new("A", "a");

    [Theory]
    [InlineData(10, 0, ProductKind.Unique, true, "ok", false)]
    [InlineData(10, 10, ProductKind.Unique, true, "ok", false)]
    [InlineData(9, 10, ProductKind.Unique, true, "low", true)]
    [InlineData(0, 10, ProductKind.Unique, true, "sold out", true)]
    [InlineData(0, 0, ProductKind.Reusable, true, "sold out", false)]
    [InlineData(0, 10, ProductKind.Unique, false, "off sale", false)]
    [InlineData(0, 10, ProductKind.Manual, true, "manual: no stock", false)]
    public void It_warns_below_the_products_threshold(
        long available, int low, ProductKind kind, bool onSale, string state, bool warns)
    {
        var row = new StockRow(Key, new(available, available, 0, 0, 0, 0), kind, onSale, low);
        Assert.Equal((state, warns), (row.State, row.Warning is not null));
    }

    [Fact]
    public void Drift_is_every_counter_that_its_rows_do_not_bear_out()
    {
        var row = new StockRow(Key, new(10, 5, 2, 1, 3, 0), ProductKind.Unique, true, 0);
        var right = new Dictionary<StockKey, StockEvidence> { [Key] = new(7, 3, 0, 2, 1) };
        Assert.Empty(row.Drift(right));
        Assert.Empty(StockRow.Orphans([row], right));
        var wrong = new Dictionary<StockKey, StockEvidence> { [Key] = new(7, 3, 0, 1, 1), [new("B", "a")] = new(1, 0, 0, 0, 0) };
        Assert.Contains("reserved against reservations: 2 and 1", Assert.Single(row.Drift(wrong)), StringComparison.Ordinal);
        Assert.Contains("B in region a", Assert.Single(StockRow.Orphans([row], wrong)), StringComparison.Ordinal);
    }

    [Fact]
    public void A_channel_is_what_its_operator_said_then_what_a_fleet_says_now()
    {
        var now = DateTimeOffset.UnixEpoch.AddDays(1);
        SaidState fresh = new(new("alipay", false, now.AddMinutes(-1), ["main"]), now.AddSeconds(-5));
        SaidState off = new(new("alipay", false, now.AddHours(-1)) { By = "ann", Why = "holiday" }, now.AddHours(-1));
        SaidState on = new(new("alipay", true, now.AddHours(-1)) { By = "ann", Why = "over" }, now.AddHours(-1));

        Assert.Equal(("DOWN", "main"), Row([fresh], now));
        Assert.Equal(("up (was down; no fleet says so any more)", ""), Row([fresh], now.AddMinutes(1)));
        Assert.Equal(("switched off by ann: holiday", "main"), Row([fresh, off], now));
        Assert.Equal(("DOWN", "main"), Row([fresh, on], now));
        Assert.Equal(("up (no fleet has said anything)", ""), Row([], now));

        static (string, string) Row(IReadOnlyList<SaidState> said, DateTimeOffset at) =>
            ChannelRow.Of("alipay", said, at) is var row ? (row.State, string.Join(",", row.Down)) : default;
    }
}
