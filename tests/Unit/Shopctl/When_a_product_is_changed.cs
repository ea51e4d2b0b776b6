using CardShop.Contracts;
using CardShop.Shopctl.Products;
using CardShop.Shopctl.Settings;
using Xunit;

namespace CardShop.Tests.Unit.Shopctl;

public sealed class When_a_product_is_changed
{
    [Fact]
    public void A_new_one_gets_the_defaults() => Assert.Equal(
        new Product("SKU-1", "Card", 1_000, "CNY", 10, true, HoldPolicy.Order, 900, 0, 0),
        new ProductChange("SKU-1", " Card ", 1_000).ApplyTo(null));

    [Fact]
    public void What_is_left_out_stays_as_it_is()
    {
        var present = new Product("SKU-1", "Card", 1_000, "USD", 3, false, HoldPolicy.Payment, 60, 30, 7);

        Assert.Equal(present with { Name = "New", Price = 2_000 }, new ProductChange("SKU-1", "New", 2_000).ApplyTo(present));
        Assert.Equal(
            present with
            {
                MaxQuantity = 4,
                OnSale = true,
                Hold = HoldPolicy.Order,
                HoldSeconds = 1,
                WaitSeconds = 0,
                Currency = "CNY",
            },
            new ProductChange("SKU-1", "Card", 1_000, 4, "CNY", HoldPolicy.Order, 1, 0, true).ApplyTo(present));
    }

    [Theory]
    [InlineData("SKU 1", "Card", 1L, null, null, null, null, "SKU must")]
    [InlineData("", "Card", 1L, null, null, null, null, "SKU must")]
    [InlineData("SKU\n", "Card", 1L, null, null, null, null, "SKU must")]
    [InlineData("卡", "Card", 1L, null, null, null, null, "SKU must")]
    [InlineData("A", "  ", 1L, null, null, null, null, "--name")]
    [InlineData("A", "a\u0007b", 1L, null, null, null, null, "--name")]
    [InlineData("A", "Card", 0L, null, null, null, null, "--price")]
    [InlineData("A", "Card", -1L, null, null, null, null, "--price")]
    [InlineData("A", "Card", 10_000_000_001L, null, null, null, null, "--price")]
    [InlineData("A", "Card", 1L, 0, null, null, null, "--max-quantity")]
    [InlineData("A", "Card", 1L, 10_001, null, null, null, "--max-quantity")]
    [InlineData("A", "Card", 1L, null, "cny", null, null, "--currency")]
    [InlineData("A", "Card", 1L, null, null, 0, null, "--hold")]
    [InlineData("A", "Card", 1L, null, null, int.MaxValue, null, "--hold")]
    [InlineData("A", "Card", 1L, null, null, null, -1, "--wait")]
    public void What_is_out_of_bounds_is_named(
        string sku, string name, long price, int? max, string? currency, int? hold, int? wait, string named)
    {
        var change = new ProductChange(sku, name, price, max, currency, null, hold, wait);

        var failure = Assert.Throws<ShopctlException>(() => change.ApplyTo(null));

        Assert.Equal(ExitCodes.Usage, failure.ExitCode);
        Assert.StartsWith(named, failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Only_what_is_given_changes_and_a_new_one_needs_name_and_price()
    {
        var present = new Product("SKU-1", "Card", 1_000, "USD", 3, true, HoldPolicy.Payment, 60, 30, 7) { Hidden = true };
        Assert.Equal(present with { OnSale = false }, new ProductChange("SKU-1", OnSale: false).ApplyTo(present));
        Assert.Equal(
            present with { Hidden = false, LowStock = 5 },
            new ProductChange("SKU-1") { Listed = true, LowStock = 5 }.ApplyTo(present));

        var failure = Assert.Throws<ShopctlException>(() => new ProductChange("SKU-1", OnSale: false).ApplyTo(null));
        Assert.Contains("--name and --price", failure.Message, StringComparison.Ordinal);
        new ProductChange("SKU-1", OnSale: false).Check();
        Assert.StartsWith(
            "--price", Assert.Throws<ShopctlException>(() => new ProductChange("SKU-1", Price: 0).Check()).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void The_bounds_themselves_are_within()
    {
        new ProductChange(new('x', 64), new('n', 120), 10_000_000_000, 10_000, "CNY", null, 1, 0).ApplyTo(null);
        new ProductChange("a.B_c-9", "n", 1, 1).ApplyTo(null);
        Assert.False(ProductChange.IsSku(new('x', 65)));
    }

    [Fact]
    public void Its_kind_is_said_once_and_never_changes()
    {
        var manual = new ProductChange("SKU-1", "Card", 1_000, Kind: ProductKind.Manual).ApplyTo(null);
        Assert.Equal(ProductKind.Manual, manual.Kind);
        Assert.Equal(ProductKind.Manual, new ProductChange("SKU-1", "New", 1_000).ApplyTo(manual).Kind);
        var change = new ProductChange("SKU-1", "New", 1_000, Kind: ProductKind.Unique);
        Assert.Contains("--kind", Assert.Throws<ShopctlException>(() => change.ApplyTo(manual)).Message, StringComparison.Ordinal);
    }
}
