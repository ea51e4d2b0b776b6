using System.Buffers.Text;
using CardShop.Shop.Orders;
using Xunit;

namespace CardShop.Tests.Unit.Orders;

public sealed class When_tokens_are_verified
{
    private static readonly byte[] Old = [.. Enumerable.Repeat((byte)1, 32)];
    private static readonly byte[] New = [.. Enumerable.Repeat((byte)2, 32)];
    private static readonly OrderTokens Tokens = new(new Dictionary<byte, byte[]> { [1] = Old }, 1);
    private static readonly OrderToken Token = new("STEAM-50", 1, 11, 123_456_789_012);

    [Theory]
    [InlineData("S", 0, 0)]
    [InlineData("STEAM-50", 11, long.MaxValue)]
    [InlineData("STEAM-50", 5, -1)]
    [InlineData("0123456789012345678901234567890123456789012345678901234567890123", 11, 7)]
    public void What_was_issued_is_read_back(string sku, int partition, long offset)
    {
        var token = new OrderToken(sku, 1, partition, offset);
        Assert.Equal(token, Tokens.Verify(An.Id, Tokens.Issue(An.Id, token)));
    }

    [Fact]
    public void Any_changed_byte_is_refused()
    {
        var bytes = Base64Url.DecodeFromChars(Tokens.Issue(An.Id, Token));
        for (var i = 0; i < bytes.Length; i++)
        {
            for (var bit = 0; bit < 8; bit++)
            {
                var changed = bytes.ToArray();
                changed[i] ^= (byte)(1 << bit);
                Assert.Null(Tokens.Verify(An.Id, Base64Url.EncodeToString(changed)));
            }
        }
    }

    [Fact]
    public void Any_other_length_is_refused()
    {
        var bytes = Base64Url.DecodeFromChars(Tokens.Issue(An.Id, Token));
        for (var length = 0; length < bytes.Length; length++)
        {
            Assert.Null(Tokens.Verify(An.Id, Base64Url.EncodeToString(bytes.AsSpan(0, length))));
        }

        Assert.Null(Tokens.Verify(An.Id, Base64Url.EncodeToString([.. bytes, 0])));
    }

    [Theory]
    [InlineData("a")]
    [InlineData("!!!!")]
    [InlineData("abcd+/==")]
    [InlineData("界界界界界界界界界界界界界界界界界界界界")]
    [InlineData("AQ\0AQ")]
    public void What_is_no_base64url_is_refused_and_never_throws(string text) => Assert.Null(Tokens.Verify(An.Id, text));

    [Fact]
    public void Text_of_any_length_and_kind_is_refused_and_never_throws()
    {
        var random = new Random(5);
        for (var i = 0; i < 2_000; i++)
        {
            var text = new string([.. Enumerable.Range(0, random.Next(600)).Select(_ => (char)random.Next(1, 256))]);
            Assert.Null(Tokens.Verify(An.Id, text));
        }

        Assert.Null(Tokens.Verify(An.Id, new string('A', 1_000_000)));
    }

    [Fact]
    public void Of_another_order_it_is_refused()
    {
        Assert.Null(Tokens.Verify(An.Id[..25] + "a", Tokens.Issue(An.Id, Token)));
        Assert.Null(Tokens.Verify(new string('a', 5_000), Tokens.Issue(An.Id, Token)));
    }

    [Fact]
    public void Old_secrets_verify_after_a_rotation_and_new_tokens_name_the_new_one()
    {
        var rotated = new OrderTokens(new Dictionary<byte, byte[]> { [1] = Old, [2] = New }, 2);
        Assert.Equal(Token, rotated.Verify(An.Id, Tokens.Issue(An.Id, Token)));
        Assert.Equal(Token, rotated.Verify(An.Id, rotated.Issue(An.Id, Token)));
        Assert.Null(Tokens.Verify(An.Id, rotated.Issue(An.Id, Token)));
        Assert.NotEqual(Tokens.Issue(An.Id, Token), rotated.Issue(An.Id, Token));
    }

    [Fact]
    public void A_token_of_another_secret_with_the_same_name_is_refused() =>
        Assert.Null(new OrderTokens(new Dictionary<byte, byte[]> { [1] = New }, 1).Verify(An.Id, Tokens.Issue(An.Id, Token)));
}
