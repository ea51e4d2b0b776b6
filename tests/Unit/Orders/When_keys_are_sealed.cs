using System.Security.Cryptography;
using System.Text;
using CardShop.Shop.Keys;
using Xunit;

namespace CardShop.Tests.Unit.Orders;

public sealed class When_keys_are_sealed
{
    private static readonly byte[] Fingerprint = [.. Enumerable.Repeat((byte)3, 32)];
    private static readonly byte[] First = [.. Enumerable.Repeat((byte)4, 32)];
    private static readonly byte[] Second = [.. Enumerable.Repeat((byte)5, 32)];
    private static readonly KeyVault Vault = new(Fingerprint, new Dictionary<string, byte[]> { ["kek-1"] = First }, "kek-1");

    [Theory]
    [InlineData(null, "SECRET-1")]
    [InlineData("", "SECRET-1")]
    [InlineData("4000 1234", "密码 ✓")]
    [InlineData("n", "")]
    public void They_open_as_they_were(string? number, string secret)
    {
        var key = Vault.Seal("S", new(number, secret));
        Assert.Equal(new PlainKey(number, secret), Vault.Open(key.Id, "kek-1", key.Sealed));
    }

    [Fact]
    public void The_sealed_bytes_hold_no_plain_text_and_differ_every_time()
    {
        var key = Vault.Seal("S", new("NUMBER-123", "SECRET-123"));
        var text = Encoding.Latin1.GetString(key.Sealed);
        Assert.DoesNotContain("SECRET-123", text, StringComparison.Ordinal);
        Assert.DoesNotContain("NUMBER-123", text, StringComparison.Ordinal);
        Assert.NotEqual(key.Sealed, Vault.Seal("S", new("NUMBER-123", "SECRET-123")).Sealed);
    }

    [Fact]
    public void Any_changed_byte_is_refused()
    {
        var key = Vault.Seal("S", new("1", "SECRET"));
        for (var i = 0; i < key.Sealed.Length; i++)
        {
            var changed = key.Sealed.ToArray();
            changed[i] ^= 1;
            Assert.ThrowsAny<CryptographicException>(() => Vault.Open(key.Id, "kek-1", changed));
        }
    }

    [Fact]
    public void Any_shorter_text_is_refused()
    {
        var key = Vault.Seal("S", new("1", "SECRET"));
        for (var length = 0; length < key.Sealed.Length; length++)
        {
            Assert.ThrowsAny<CryptographicException>(() => Vault.Open(key.Id, "kek-1", key.Sealed[..length]));
        }
    }

    [Fact]
    public void Another_keys_bytes_are_refused()
    {
        var one = Vault.Seal("S", new(null, "ONE"));
        var two = Vault.Seal("S", new(null, "TWO"));
        Assert.ThrowsAny<CryptographicException>(() => Vault.Open(one.Id, "kek-1", two.Sealed));
    }

    [Fact]
    public void After_a_rotation_the_old_ones_open_and_a_missing_secret_is_named()
    {
        var rotated = new KeyVault(
            Fingerprint, new Dictionary<string, byte[]> { ["kek-1"] = First, ["kek-2"] = Second }, "kek-2");
        var old = Vault.Seal("S", new(null, "OLD"));
        Assert.Equal("OLD", rotated.Open(old.Id, "kek-1", old.Sealed).Secret);
        var fresh = rotated.Seal("S", new(null, "OLD"));
        Assert.Equal(old.Id, fresh.Id);
        var missing = Assert.ThrowsAny<CryptographicException>(() => Vault.Open(fresh.Id, "kek-2", fresh.Sealed));
        Assert.Contains("kek-2", missing.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_id_is_the_same_at_every_import_and_another_for_any_other_key()
    {
        Guid[] ids =
        [
            Vault.IdOf("S", new("1", "2")), Vault.IdOf("S", new(null, "2")), Vault.IdOf("S", new("", "2")),
            Vault.IdOf("S1", new("", "2")), Vault.IdOf("S", new("12", "")), Vault.IdOf("T", new("1", "2")),
            new KeyVault(new byte[32], new Dictionary<string, byte[]>(), "kek-1").IdOf("S", new("1", "2")),
        ];
        Assert.Equal(ids.Length, ids.Distinct().Count());
        Assert.Equal(ids[0], Vault.IdOf("S", new("1", "2")));
    }

    [Fact]
    public void Their_text_never_reaches_a_format_string()
    {
        var key = new PlainKey("NUMBER", "SECRET");
        Assert.DoesNotContain("SECRET", $"{key} {string.Join(',', new[] { key })}", StringComparison.Ordinal);
        Assert.DoesNotContain("NUMBER", key.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Units_of_one_text_have_ids_of_their_own_that_tell_the_text()
    {
        var one = Vault.SealUnit("S", new(null, "SHARED"), 1);
        var two = Vault.SealUnit("S", new(null, "SHARED"), 2);
        var other = Vault.SealUnit("S", new(null, "OTHER"), 1);
        Assert.NotEqual(one.Id, two.Id);
        Assert.True(KeyVault.IsSameText(one.Id, two.Id));
        Assert.False(KeyVault.IsSameText(one.Id, other.Id));
        Assert.True(Vault.IsIdOf(one.Id, "S", new(null, "SHARED")));
        Assert.False(Vault.IsIdOf(one.Id, "S", new(null, "OTHER")));
        Assert.Equal("SHARED", Vault.Open(two.Id, Vault.Current, two.Sealed).Secret);
        Assert.Equal(one.Id, Vault.SealUnit("S", new(null, "SHARED"), 1).Id);
    }

    [Fact]
    public void The_same_text_for_two_orders_or_twice_for_one_are_different_keys()
    {
        Guid[] ids =
        [
            Vault.SealText("S", "order1", "c1", "see your mail").Id, Vault.SealText("S", "order2", "c1", "see your mail").Id,
            Vault.SealText("S", "order1", "c2", "see your mail").Id,
        ];
        Assert.Equal(3, ids.Distinct().Count());
        Assert.Equal(ids[0], Vault.SealText("S", "order1", "c1", "see your mail").Id);
    }
}
