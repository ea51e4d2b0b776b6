using System.Text;
using CardShop.Shop.Channels.Alipay;
using CardShop.Shop.Channels.UnionPay;
using Xunit;

namespace CardShop.Tests.Unit.Channels;

public sealed class When_signing_for_unionpay
{
    [Fact]
    public void The_request_is_signed_as_in_the_vector()
    {
        var text = UnionPaySignature.TextOf(UnionPayVectors.Request);

        Assert.Equal(UnionPayVectors.RequestText, text);
        Assert.Equal(UnionPayVectors.RequestDigest, UnionPaySignature.Digest(text));
        Assert.Equal(UnionPayVectors.RequestSignature, UnionPaySignature.Sign(FakeUnionPay.Key, text));
        Assert.True(UnionPaySignature.Verify(FakeUnionPay.Key, text, UnionPayVectors.RequestSignature));
    }

    [Fact]
    public void A_text_signed_without_the_first_hash_does_not_verify()
    {
        var direct = Convert.ToBase64String(FakeUnionPay.Key.Sign(Encoding.UTF8.GetBytes(UnionPayVectors.RequestText)));

        Assert.False(UnionPaySignature.Verify(FakeUnionPay.Key, UnionPayVectors.RequestText, direct));
    }

    [Fact]
    public void The_notifications_digest_is_that_of_the_vector()
    {
        var fields = AlipayForm.Read(Encoding.ASCII.GetBytes(UnionPayVectors.NotificationBody))!;

        Assert.Equal(
            UnionPayVectors.NotificationDigest, UnionPaySignature.Digest(UnionPaySignature.TextOf(fields)));
    }

    [Fact]
    public void Empty_values_and_the_signature_itself_are_left_out_and_names_are_in_ordinal_order()
    {
        var fields = new Dictionary<string, string>
        {
            ["b"] = "2",
            ["signature"] = "x",
            ["a"] = "",
            ["signMethod"] = "01",
            ["B"] = "1",
        };

        Assert.Equal("B=1&b=2&signMethod=01", UnionPaySignature.TextOf(fields));
        Assert.Equal("B=1&a=&b=2&signMethod=01", UnionPaySignature.TextOf(fields, keepEmpty: true));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("not base64!")]
    [InlineData("AAAA")]
    public void A_signature_that_is_none_does_not_verify(string? signature)
    {
        Assert.False(UnionPaySignature.Verify(FakeUnionPay.Key, "text", signature));
        Assert.False(UnionPaySignature.Verify(FakeUnionPay.Key, "text", Convert.ToBase64String(new byte[4096])));
    }

    [Fact]
    public void Fields_without_a_value_may_be_signed_or_not()
    {
        var fields = new Dictionary<string, string> { ["a"] = "1", ["b"] = "" };
        foreach (var keepEmpty in (bool[])[true, false])
        {
            fields["signature"] = UnionPaySignature.Sign(FakeUnionPay.Key, UnionPaySignature.TextOf(fields, keepEmpty));
            Assert.True(UnionPaySignature.IsSigned(FakeUnionPay.Key, fields));
        }

        fields["b"] = "2";
        Assert.False(UnionPaySignature.IsSigned(FakeUnionPay.Key, fields));
    }
}
