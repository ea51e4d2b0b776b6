using System.Text;
using CardShop.Shop.Channels.WeChat;
using Xunit;

namespace CardShop.Tests.Unit.Channels;

public sealed class When_signing_for_wechat
{
    [Fact]
    public void A_request_is_signed_as_the_vector()
    {
        var bytes = WeChatSignature.OfRequest(
            "POST", "/v3/pay/transactions/native", WeChatVectors.RequestTime, WeChatVectors.Nonce,
            Encoding.UTF8.GetBytes(WeChatVectors.RequestBody));

        Assert.Equal(WeChatVectors.RequestMessage, Encoding.UTF8.GetString(bytes));
        var signature = WeChatSignature.Sign(FakeWeChat.Key, bytes);
        Assert.Equal(WeChatVectors.RequestSignature, signature);
        Assert.Equal(
            WeChatVectors.Authorization,
            WeChatSignature.Authorization(
                WeChatVectors.MerchantId, WeChatVectors.Nonce, signature, WeChatVectors.RequestTime,
                WeChatVectors.Serial));
    }

    [Fact]
    public void A_request_without_a_body_still_has_its_last_line()
    {
        var bytes = WeChatSignature.OfRequest(
            "GET", "/v3/pay/transactions/out-trade-no/CS20260101000002?mchid=1900000001", WeChatVectors.RequestTime,
            WeChatVectors.Nonce, []);

        Assert.Equal(WeChatVectors.QueryMessage, Encoding.UTF8.GetString(bytes));
        Assert.Equal(WeChatVectors.QuerySignature, WeChatSignature.Sign(FakeWeChat.Key, bytes));
    }

    [Fact]
    public void An_answer_verifies_over_its_raw_bytes()
    {
        var bytes = WeChatSignature.OfMessage(
            WeChatVectors.AnswerTime, WeChatVectors.AnswerNonce, Encoding.UTF8.GetBytes(WeChatVectors.AnswerBody));

        Assert.True(WeChatSignature.Verify(FakeWeChat.Key, bytes, WeChatVectors.AnswerSignature));
        bytes[^3] ^= 1;
        Assert.False(WeChatSignature.Verify(FakeWeChat.Key, bytes, WeChatVectors.AnswerSignature));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("not base64!")]
    [InlineData("AAAA")]
    [InlineData("WECHATPAY/SIGNTEST/AAAA")]
    public void What_is_no_signature_does_not_verify(string? signature)
    {
        Assert.False(WeChatSignature.Verify(FakeWeChat.Key, "x"u8, signature));
    }

    [Fact]
    public void A_probe_does_not_verify_even_where_it_wraps_a_good_signature()
    {
        var good = WeChatSignature.Sign(FakeWeChat.Key, "x"u8);

        Assert.True(WeChatSignature.Verify(FakeWeChat.Key, "x"u8, good));
        Assert.False(WeChatSignature.Verify(FakeWeChat.Key, "x"u8, WeChatSignature.ProbePrefix + good));
    }

    [Theory]
    [InlineData("1767240000", 299, true)]
    [InlineData("1767240000", -299, true)]
    [InlineData("1767240000", 300, false)]
    [InlineData("1767240000", -300, false)]
    [InlineData("1767240000.5", 0, false)]
    [InlineData("-1767240000", 0, false)]
    [InlineData("99999999999999999999", 0, false)]
    [InlineData("", 0, false)]
    [InlineData(null, 0, false)]
    public void A_time_is_fresh_within_five_minutes(string? timestamp, int seconds, bool expected)
    {
        var now = DateTimeOffset.FromUnixTimeSeconds(1767240000).AddSeconds(seconds);

        Assert.Equal(expected, WeChatSignature.IsFresh(timestamp, now));
    }

    [Fact]
    public void The_vectors_resource_opens_and_a_sealed_one_opens_again()
    {
        var key = Encoding.UTF8.GetBytes(WeChatVectors.ApiV3Key);
        var resource = WeChatJson.Inner(
            WeChatJson.Read(Encoding.UTF8.GetBytes(WeChatVectors.NoticeBody))!.Value, "resource")!.Value;
        var ciphertext = WeChatJson.Text(resource, "ciphertext")!;

        var plain = WeChatCipher.Decrypt(key, "0123456789ab", "transaction", ciphertext);

        Assert.Equal(WeChatVectors.NoticePlain, Encoding.UTF8.GetString(plain!));
        Assert.Equal(ciphertext, WeChatCipher.Encrypt(key, "0123456789ab", "transaction", plain));
        Assert.Null(WeChatCipher.Decrypt(key, "0123456789ac", "transaction", ciphertext));
        Assert.Null(WeChatCipher.Decrypt(key, "0123456789ab", "", ciphertext));
        Assert.Null(WeChatCipher.Decrypt(key, "0123456789ab", "transaction", ciphertext[4..]));
        Assert.Null(WeChatCipher.Decrypt(key, "short", "transaction", ciphertext));
        Assert.Null(WeChatCipher.Decrypt(key, "0123456789ab", "transaction", "no base64!"));
        Assert.Null(WeChatCipher.Decrypt(key, "0123456789ab", "transaction", ""));
        var bare = WeChatCipher.Encrypt(key, "0123456789ab", "", "x"u8);
        Assert.Equal("x"u8.ToArray(), WeChatCipher.Decrypt(key, "0123456789ab", null, bare));
    }

    [Theory]
    [InlineData("2026-01-01T12:00:30+08:00", "2026-01-01T12:00:30+08:00")]
    [InlineData("2026-01-01T04:00:30Z", "2026-01-01T12:00:30+08:00")]
    [InlineData("2026-01-01T12:00:30.123+08:00", "2026-01-01T12:00:30+08:00")]
    [InlineData("2026-01-01 12:00:30", null)]
    [InlineData("", null)]
    [InlineData(null, null)]
    public void Times_are_read_with_their_offset_and_written_in_beijing_time(string? text, string? expected)
    {
        Assert.Equal(expected, WeChatText.ParseTime(text) is { } time ? WeChatText.Time(time) : null);
    }
}
