using CardShop.Contracts;
using CardShop.Shop.Orders;
using Xunit;

namespace CardShop.Tests.Unit.Orders;

public sealed class When_order_ids_are_made
{
    private static readonly byte[] Secret = [.. Enumerable.Range(0, 32).Select(i => (byte)i)];

    [Fact]
    public void A_region_letter_and_25_base32_characters()
    {
        var random = new Random(1);
        var bytes = new byte[16];
        var ids = new HashSet<string>();
        for (var i = 0; i < 1_000; i++)
        {
            random.NextBytes(bytes);
            var id = OrderIds.Fresh('q', bytes);
            Assert.Matches("^q[a-z2-7]{25}$", id);
            Assert.True(OrderIds.IsValid(id));
            ids.Add(id);
        }

        Assert.Equal(1_000, ids.Count);
    }

    [Fact]
    public void Every_one_of_the_125_bits_counts()
    {
        var ids = new HashSet<string> { OrderIds.Fresh('a', new byte[16]) };
        for (var bit = 0; bit < 125; bit++)
        {
            var bytes = new byte[16];
            bytes[bit / 8] = (byte)(0x80 >> (bit % 8));
            Assert.True(ids.Add(OrderIds.Fresh('a', bytes)), $"bit {bit} is lost");
        }
    }

    /// <summary>Computed once by another program from the description: they may never change.</summary>
    [Theory]
    [InlineData("buyer@example.org", "STEAM-50", "0123456789abcdef", "ayt4l65saehls7x37sb6mm327e")]
    [InlineData("买家", "DEMO-10", "key-key-key-key-key", "ajnq6wccvzyqppwoeuyhvwdh4r")]
    public void The_same_key_makes_the_same_id_for_ever(string scope, string sku, string key, string expected) =>
        Assert.Equal(expected, OrderIds.FromIdempotencyKey('a', Secret, scope, sku, key));

    [Fact]
    public void Scope_sku_and_key_cannot_be_shifted_into_each_other()
    {
        string[] ids =
        [
            OrderIds.FromIdempotencyKey('a', Secret, "ab", "c", "d"), OrderIds.FromIdempotencyKey('a', Secret, "a", "bc", "d"),
            OrderIds.FromIdempotencyKey('a', Secret, "a", "b", "cd"), OrderIds.FromIdempotencyKey('a', Secret, "", "abc", "d"),
            OrderIds.FromIdempotencyKey('b', Secret, "ab", "c", "d"), OrderIds.FromIdempotencyKey('a', new byte[32], "ab", "c", "d"),
        ];
        Assert.Equal(ids.Length, ids.Distinct().Count());
    }

    [Theory]
    [InlineData("abcdefghijklmnopqrstuvwxyz", true)]
    [InlineData("a2345672345672345672345672", true)]
    [InlineData("Abcdefghijklmnopqrstuvwxyz", false)]
    [InlineData("2bcdefghijklmnopqrstuvwxyz", false)]
    [InlineData("abcdefghijklmnopqrstuvwxy", false)]
    [InlineData("abcdefghijklmnopqrstuvwxyza", false)]
    [InlineData("abcdefghijklmnopqrstuvwxy1", false)]
    [InlineData("abcdefghijklmnopqrstuvwxy\u0131", false)]
    [InlineData("", false)]
    [InlineData(null, false)]
    public void Their_shape_is_strict(string? id, bool valid) => Assert.Equal(valid, OrderIds.IsValid(id));

    [Fact]
    public void A_provider_number_leads_back_to_its_order()
    {
        for (var attempt = 1; attempt < 100; attempt++)
        {
            var number = OrderIds.ProviderNumber(An.Id, attempt);
            Assert.Equal(28, number.Length);
            Assert.Equal(attempt, int.Parse(number[26..], System.Globalization.CultureInfo.InvariantCulture));
            Assert.Equal(An.Id, OrderIds.OfProviderNumber(number));
        }

        Assert.Throws<ArgumentOutOfRangeException>(() => OrderIds.ProviderNumber(An.Id, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => OrderIds.ProviderNumber(An.Id, 100));
    }

    [Theory]
    [InlineData("")]
    [InlineData("abcdefghijklmnopqrstuvwxyz")]
    [InlineData("abcdefghijklmnopqrstuvwxyz1")]
    [InlineData("abcdefghijklmnopqrstuvwxyz0x")]
    [InlineData("ABCDEFGHIJKLMNOPQRSTUVWXYZ01")]
    [InlineData("abcdefghijklmnopqrstuvwxyz01 ")]
    [InlineData("abcdefghijklmnopqrstuvwxyz\u0660\u0661")]
    public void Foreign_numbers_have_no_order(string number) => Assert.Null(OrderIds.OfProviderNumber(number));

    [Theory]
    [InlineData("abcdefghijklmnopqrstuvwxyz01R1", true)]
    [InlineData("abcdefghijklmnopqrstuvwxyz01R12", true)]
    [InlineData("abcdefghijklmnopqrstuvwxyz01R", false)]
    [InlineData("abcdefghijklmnopqrstuvwxyz01R1x", false)]
    [InlineData("abcdefghijklmnopqrstuvwxyz01X1", false)]
    [InlineData("abcdefghijklmnopqrstuvwxyz01", false)]
    [InlineData("ABCDEFGHIJKLMNOPQRSTUVWXYZ01R1", false)]
    [InlineData("", false)]
    public void A_refunds_number_names_the_order(string number, bool isOurs) =>
        Assert.Equal(isOurs ? "abcdefghijklmnopqrstuvwxyz" : null, OrderIds.OfRefundNumber(number));

    /// <summary>The function may never change: orders would be looked for where they are not.</summary>
    [Theory]
    [InlineData("", 12, 11)]
    [InlineData("a", 12, 3)]
    [InlineData("STEAM-50", 12, 8)]
    [InlineData("DEMO-10", 12, 2)]
    [InlineData("DEMO-10", 6, 2)]
    [InlineData("abcdefghijklmnopqrstuvwxyz", 12, 3)]
    [InlineData("卡密", 12, 11)]
    public void Partitions_are_the_same_for_ever(string key, int partitions, int expected) =>
        Assert.Equal(expected, Partitioning.PartitionOf(key, partitions));

    [Fact]
    public void Long_keys_have_a_partition_too_and_keys_spread_evenly()
    {
        Assert.InRange(Partitioning.PartitionOf(new string('界', 10_000), 12), 0, 11);
        var counts = new int[12];
        for (var i = 0; i < 12_000; i++)
        {
            counts[Partitioning.PartitionOf("SKU-" + i, 12)]++;
        }

        Assert.All(counts, c => Assert.InRange(c, 850, 1_150));
        Assert.Throws<ArgumentOutOfRangeException>(() => Partitioning.PartitionOf("a", 0));
    }
}
