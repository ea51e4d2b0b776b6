using System.Text;
using CardShop.Api.Admin;
using CardShop.Contracts;
using CardShop.Shop.Catalog;
using CardShop.Shopctl.Products;
using CardShop.Shopctl.Settings;
using Xunit;

namespace CardShop.Tests.Unit.Catalog;

public sealed class When_a_product_is_described
{
    private static readonly Product Present =
        new("CARD", "Card", 5_000, "CNY", 200, true, HoldPolicy.Order, 900, 0, 4)
        {
            Category = "Games",
            Description = "Old",
            Tiers = [new(10, 4_500)],
        };

    [Fact]
    public void What_is_left_out_stays_and_what_is_empty_goes()
    {
        Assert.Equal(Present, Applied(new("CARD", null, null)));
        Assert.Equal(
            Present with { Category = null, Description = null, Tiers = null },
            Applied(new("CARD", null, null) { Category = " ", Description = "", Tiers = [] }));
    }

    [Fact]
    public void Line_breaks_are_kept_and_are_of_one_kind() => Assert.Equal(
        Present with { Category = "点卡", Description = "1. Open\n\n2. Enter\tit" },
        Applied(new("CARD", null, null) { Category = " 点卡 ", Description = "\r\n1. Open\r\n\r\n2. Enter\tit\r\n" }));

    [Theory]
    [InlineData("category", 40, 'c')]
    [InlineData("description", 4_000, '字')]
    public void A_text_has_a_longest_length(string field, int longest, char letter)
    {
        Assert.Empty(FaultsOf(field, new(letter, longest)));
        Assert.Equal([field], FaultsOf(field, new(letter, longest + 1)));
    }

    [Theory]
    [InlineData("category", "a\nb")]
    [InlineData("category", "a\tb")]
    [InlineData("category", "a\u001bb")]
    [InlineData("description", "a\0b")]
    [InlineData("description", "a\u001b[31mb")]
    [InlineData("description", "a\u0085b\u009b")]
    public void Control_characters_are_refused(string field, string text) => Assert.Equal([field], FaultsOf(field, text));

    [Fact]
    public void Markup_is_text_like_any_other()
    {
        const string Text = "\"><script>alert(1)</script>";

        Assert.Equal(Text, Applied(new("CARD", null, null) { Description = Text }).Description);
    }

    [Fact]
    public void At_most_ten_prices_by_quantity_are_kept()
    {
        static IReadOnlyList<ProductFault> With(int count) => new ProductDraft("CARD", null, null)
        {
            Tiers = [.. Enumerable.Range(2, count).Select(n => new PriceTier(n, 4_000))],
        }.ApplyTo(Present).Faults;

        Assert.Empty(With(10));
        Assert.Equal("must be at most 10, not 11", Assert.Single(With(11)).Message);
    }

    [Fact]
    public void A_change_that_its_tiers_do_not_follow_says_which()
    {
        var cheaper = Assert.Throws<ShopctlException>(() => new ProductChange("CARD", Price: 4_000).ApplyTo(Present));
        Assert.StartsWith("--tier must cost", cheaper.Message, StringComparison.Ordinal);
        Assert.EndsWith("from 10 it is 4500, before 4000", cheaper.Message, StringComparison.Ordinal);
        var fewer = Assert.Throws<ShopctlException>(() => new ProductChange("CARD", MaxQuantity: 9).ApplyTo(Present));
        Assert.EndsWith("10 does not", fewer.Message, StringComparison.Ordinal);
        Assert.Equal(4_000, new ProductChange("CARD", Price: 4_000) { Tiers = [] }.ApplyTo(Present).Price);
        // What the product has may make it right: that is not known yet.
        new ProductChange("CARD") { Tiers = [new(150, 4_999)] }.Check();
        Assert.Throws<ShopctlException>(() => new ProductChange("CARD") { Tiers = [new(1, 4_999)] }.Check());
    }

    [Fact]
    public void Options_say_tiers_in_any_order_and_a_file_says_the_description()
    {
        var file = Path.GetTempFileName();
        try
        {
            File.WriteAllText(file, "1. Open\n2. Enter 卡密\n", new UTF8Encoding(encoderShouldEmitUTF8Identifier: true));
            var change = Read("--tier", "100=4000", "--tier", "10=4500", "--category", "Games", "--description-file", file);

            Assert.Equal([new(10, 4_500), new(100, 4_000)], change.Tiers!);
            Assert.Equal("1. Open\n2. Enter 卡密", change.ApplyTo(Present).Description);
            Assert.Empty(Read("--no-tiers").Tiers!);
            Assert.Null(Read("--off-sale").Tiers);
            File.WriteAllBytes(file, [0xC3, 0x28]);
            Assert.Contains("UTF-8", WrongWith("--description-file", file), StringComparison.Ordinal);
            File.WriteAllBytes(file, new byte[100_000]);
            Assert.Contains("longer", WrongWith("--description-file", file), StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Theory]
    [InlineData("10=4500 means that from 10", "--tier", "4500")]
    [InlineData("N=FEN", "--tier", "10=")]
    [InlineData("N=FEN", "--tier", "-10=5")]
    [InlineData("N=FEN", "--tier", "1=2=3")]
    [InlineData("N=FEN", "--tier", "99999999999=5")]
    [InlineData("not both", "--tier", "10=5", "--no-tiers")]
    [InlineData("not both", "--description", "a", "--description-file", "b")]
    [InlineData("can be read", "--description-file", "/no/such/file")]
    public void Options_that_cannot_be_read_say_what_to_do(string said, params string[] options) =>
        Assert.Contains(said, WrongWith(options), StringComparison.Ordinal);

    [Fact]
    public void The_admin_interface_takes_the_same()
    {
        var (request, wrong) = AdminInput.Read(
            Encoding.UTF8.GetBytes(AdminExamples.Product), AdminRequestJson.Default.ProductRequest, AdminExamples.Product);

        Assert.Null(wrong);
        Assert.Equal([new PriceTier(10, 5_000)], request!.Tiers!);
        Assert.Equal(2, request.Description!.Split('\n').Length);
        foreach (var tiers in (string[])["[null]", "[{\"from\":\"10\",\"price\":1}]", "[{\"from\":10,\"cost\":1}]", "{}"])
        {
            var body = "{\"why\":\"w\",\"name\":\"n\",\"price\":1,\"tiers\":" + tiers + "}";
            Assert.Equal(400, AdminInput.Read(Encoding.UTF8.GetBytes(body), AdminRequestJson.Default.ProductRequest, "{}").Wrong!.Status);
        }
    }

    [Fact]
    public void The_audit_says_prices_by_quantity_and_of_a_description_that_it_changed()
    {
        var text = ProductText.Describe(Present);

        Assert.Contains("5000 fen CNY, from 10: 4500, at most 200", text, StringComparison.Ordinal);
        Assert.Contains("category Games", text, StringComparison.Ordinal);
        Assert.NotEqual(text, ProductText.Describe(Present with { Description = "New" }));
        Assert.DoesNotContain('\n', ProductText.Describe(Present with { Description = "1\n2" }));
    }

    private static Product Applied(ProductDraft draft)
    {
        var (product, faults) = draft.ApplyTo(Present);
        Assert.Empty(faults);
        return product;
    }

    private static IEnumerable<string> FaultsOf(string field, string text)
    {
        var draft = new ProductDraft("CARD", null, null);
        draft = field == "category" ? draft with { Category = text } : draft with { Description = text };
        return draft.ApplyTo(Present).Faults.Select(f => f.Field);
    }

    private static ProductChange Read(params string[] options)
    {
        var command = new System.CommandLine.Command("change");
        var all = new ProductOptions();
        all.AddTo(command);
        var parsed = command.Parse(options);
        Assert.Empty(parsed.Errors);
        return all.Read(parsed, "CARD");
    }

    private static string WrongWith(params string[] options)
    {
        var failure = Assert.Throws<ShopctlException>(() => Read(options));
        Assert.Equal(ExitCodes.Usage, failure.ExitCode);
        return failure.Message;
    }
}
