using CardShop.Tests.Chaos.Load;
using CardShop.Tests.Chaos.Shop;
using Xunit;

namespace CardShop.Tests.Unit.Chaos;

public sealed class When_buyers_are_planned
{
    private static readonly IReadOnlyList<Good> Offered = Goods.For(10_000);

    [Fact]
    public void The_same_seed_sends_the_same_buyers()
    {
        Assert.Equal(Plans(5), Plans(5));
        Assert.NotEqual(Plans(5), Plans(6));
    }

    [Fact]
    public void All_kinds_of_buyers_come_and_most_of_them_pay()
    {
        var plans = Plans(1);

        Assert.Equal(Enum.GetValues<BuyerKind>().Order(), plans.Select(p => p.Kind).Distinct().Order());
        Assert.InRange(plans.Count(p => p.Kind == BuyerKind.Pays) / (double)plans.Count, 0.75, 0.85);
        Assert.Contains(plans, p => p.Quantity == Goods.MaxQuantity);
    }

    [Fact]
    public void There_are_more_keys_than_are_bought_but_of_one_product()
    {
        var bought = Plans(2).GroupBy(p => p.Sku).ToDictionary(g => g.Key, g => g.Sum(p => p.Quantity));

        Assert.All(Offered.Where(g => g.Sku != "CHAOS-SCARCE"), g => Assert.True(g.Keys > bought[g.Sku], g.Sku));
    }

    private static List<BuyerPlan> Plans(int seed) => [.. Enumerable.Range(0, 10_000).Select(n => BuyerPlan.Of(seed, n, Offered))];
}
