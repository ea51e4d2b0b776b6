using System.Text.Json;
using CardShop.Contracts;
using CardShop.Shop.Catalog;
using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace CardShop.Tests.Unit.Catalog;

public sealed class When_more_units_cost_less
{
    private static readonly Product Plain = new("CARD", "Card", 5_000, "CNY", 10_000, true, HoldPolicy.Order, 900, 0, 1);

    private static readonly Product Tiered = Plain with { Tiers = [new(10, 4_500), new(100, 4_000)] };

    [Theory]
    [InlineData(1, 5_000)]
    [InlineData(9, 5_000)]
    [InlineData(10, 4_500)]
    [InlineData(99, 4_500)]
    [InlineData(100, 4_000)]
    [InlineData(10_000, 4_000)]
    public void Every_unit_of_an_order_costs_what_the_highest_tier_reached_says(int quantity, long price)
    {
        Assert.Equal(price, Tiered.PriceOf(quantity));
        Assert.Equal(price * quantity, Tiered.AmountOf(quantity));
    }

    [Fact]
    public void Without_tiers_there_is_one_price()
    {
        Assert.Equal((5_000, 15_000), (Plain.PriceOf(3), Plain.AmountOf(3)));
        Assert.Null(Plain.Tiers);
        Assert.Null((Plain with { Tiers = [] }).Tiers);
    }

    /// <summary>Whatever an operator says: it is refused, or whoever orders more never pays more for a unit.</summary>
    [Fact]
    public void Whatever_is_accepted_never_makes_a_unit_dearer_and_every_tier_counts_from_its_quantity_on() => Prop.ForAll(
        Arb.From(Gen.ListOf(Gen.Zip(Gen.Choose(-1, 14), Gen.Choose(-1, 12)), 3)), Arb.From(Gen.Choose(1, 13)),
        (tiers, max) =>
        {
            var draft = new ProductDraft("CARD", "Card", 10, max) { Tiers = [.. tiers.Select(t => new PriceTier(t.Item1, t.Item2))] };
            var (product, faults) = draft.ApplyTo(null);
            var prices = Enumerable.Range(1, max).Select(product.PriceOf).ToList();
            var falls = prices.Zip(prices.Skip(1)).All(p => p.First >= p.Second) && prices.TrueForAll(p => p >= 1);
            var counts = draft.Tiers.All(t => t.From >= 2 && t.From <= max && product.PriceOf(t.From) == t.Price && product.PriceOf(t.From - 1) >= t.Price);
            var rises = draft.Tiers.Zip(draft.Tiers.Skip(1)).All(t => t.First.From < t.Second.From);
            Assert.Equal(faults.Count == 0, falls && counts && rises && draft.Tiers[0].Price <= 10);
            Assert.All(faults, f => Assert.Equal("tiers", f.Field));
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void The_dearest_and_largest_order_that_a_draft_lets_through_fits()
    {
        var (product, faults) = new ProductDraft("CARD", "Card", ProductDraft.HighestPrice, ProductDraft.LargestQuantity)
        {
            Tiers = [new(ProductDraft.LargestQuantity, ProductDraft.HighestPrice)],
        }.ApplyTo(null);

        Assert.Empty(faults);
        Assert.Equal(100_000_000_000_000, product.AmountOf(product.MaxQuantity));
        Assert.Throws<OverflowException>(() => (product with { Price = long.MaxValue, Tiers = null }).AmountOf(2));
    }

    [Fact]
    public void Products_are_compared_by_what_their_tiers_say()
    {
        var same = Plain with { Tiers = new List<PriceTier> { new(10, 4_500), new(100, 4_000) } };

        Assert.Equal(Tiered, same);
        Assert.Equal(Tiered.GetHashCode(), same.GetHashCode());
        Assert.NotEqual(Plain, Tiered);
        Assert.NotEqual(Tiered, Plain with { Tiers = [new(10, 4_500)] });
        Assert.NotEqual(Tiered, Plain with { Tiers = [new(10, 4_500), new(100, 3_999)] });
    }

    [Fact]
    public void Asking_for_a_price_leaves_nothing_behind()
    {
        long sum = 0;
        var before = long.MaxValue;
        // The first round may still compile.
        for (var round = 0; round < 3; round++)
        {
            before = GC.GetAllocatedBytesForCurrentThread();
            for (var quantity = 1; quantity <= 1_000; quantity++)
            {
                sum += Plain.AmountOf(quantity) + Tiered.AmountOf(quantity);
            }
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.True(sum > 0);
    }

    [Fact]
    public void Records_say_only_what_is_set_and_older_ones_are_read()
    {
        var full = Tiered with { Category = "Games", Description = "Line 1\nLine 2" };
        var text = JsonSerializer.Serialize(full, ContractsJson.Default.Product);
        Assert.Contains("\"tiers\":[{\"from\":10,\"price\":4500},{\"from\":100,\"price\":4000}]", text, StringComparison.Ordinal);
        Assert.Equal(full, JsonSerializer.Deserialize(text, ContractsJson.Default.Product));

        var old = JsonSerializer.Serialize(Plain, ContractsJson.Default.Product);
        Assert.All(["tiers", "category", "description"], name => Assert.DoesNotContain(name, old, StringComparison.Ordinal));
        Assert.Equal(Plain, JsonSerializer.Deserialize(old, ContractsJson.Default.Product));
    }
}
