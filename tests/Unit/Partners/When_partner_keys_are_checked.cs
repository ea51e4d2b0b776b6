using CardShop.Contracts;
using CardShop.Shop.Partners;
using Xunit;

namespace CardShop.Tests.Unit.Partners;

public sealed class When_partner_keys_are_checked
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly byte[] Secret = new byte[32];
    private static readonly NewPartnerKey Key = PartnerKeys.Create(Secret, [.. Enumerable.Range(0, 36).Select(i => (byte)i)], Now);

    [Fact]
    public void A_key_names_itself_and_matches_its_hash_alone()
    {
        Assert.Equal("cs_00010203_0405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20212223", Key.Text);
        Assert.Equal("00010203", PartnerKeys.IdOf(Key.Text));
        Assert.True(PartnerKeys.Matches(Key.Kept, PartnerKeys.Hash(Secret, Key.Text), Now));
        Assert.False(PartnerKeys.Matches(Key.Kept, PartnerKeys.Hash(Secret, Key.Text[..^1] + "4"), Now));
        Assert.False(PartnerKeys.Matches(Key.Kept, PartnerKeys.Hash([1, .. Secret[1..]], Key.Text), Now));
        Assert.False(PartnerKeys.Matches(Key.Kept, string.Empty, Now));
    }

    [Theory]
    [InlineData("")]
    [InlineData("cs_")]
    [InlineData("cs_00010203-0405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20212223")]
    [InlineData("xx_00010203_0405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20212223")]
    public void What_has_not_a_keys_shape_names_none(string text) => Assert.Null(PartnerKeys.IdOf(text));

    [Fact]
    public void Neither_the_record_nor_the_object_shows_the_key()
    {
        Assert.DoesNotContain(Key.Text, System.Text.Json.JsonSerializer.Serialize(Key.Kept, ContractsJson.Default.PartnerKey), StringComparison.Ordinal);
        Assert.DoesNotContain(Key.Text, Key.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_changed_key_leaves_the_one_before_valid_for_a_while()
    {
        var partner = new Partner("p", "P", true, PartnerScopes.All, null, [Key.Kept], 1);
        var fresh = PartnerKeys.Create(Secret, new byte[36], Now);

        var once = PartnerKeys.Rotate(partner, fresh.Kept, Now + TimeSpan.FromHours(1), Now);
        var twice = PartnerKeys.Rotate(once, fresh.Kept with { Id = "third" }, Now + TimeSpan.FromDays(9), Now + TimeSpan.FromHours(2));

        var hash = PartnerKeys.Hash(Secret, Key.Text);
        Assert.True(PartnerKeys.Matches(once.Keys[0], hash, Now + TimeSpan.FromMinutes(59)));
        Assert.False(PartnerKeys.Matches(once.Keys[0], hash, Now + TimeSpan.FromHours(1)));
        Assert.Equal(["00000000", "third"], twice.Keys.Select(k => k.Id));
    }
}
