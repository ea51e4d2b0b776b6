using System.Text;
using CardShop.Shop.Channels;
using CardShop.Shop.Channels.WeChat;
using Xunit;

namespace CardShop.Tests.Unit.Channels;

public sealed class When_a_wechat_notification_arrives
{
    private const string RefundPlain = """
        {"mchid":"1900000001","out_trade_no":"CS20260101000002","transaction_id":"42","refund_id":"50",
        "out_refund_no":"R1","refund_status":"SUCCESS","success_time":"2026-01-01T12:00:30+08:00",
        "user_received_account":"x","amount":{"total":8888,"refund":1000,"payer_total":8888,"payer_refund":1000}}
        """;

    private static readonly DateTimeOffset Arrived = DateTimeOffset.FromUnixTimeSeconds(1767240032);

    private static Dictionary<string, string> VectorHeaders => new()
    {
        [WeChatHeaders.Serial] = WeChatVectors.Serial,
        [WeChatHeaders.Timestamp] = WeChatVectors.NoticeTime,
        [WeChatHeaders.Nonce] = WeChatVectors.NoticeNonce,
        [WeChatHeaders.Signature] = WeChatVectors.NoticeSignature,
        [WeChatHeaders.SignatureType] = "WECHATPAY2-SHA256-RSA2048",
    };

    [Fact]
    public void The_vector_verifies_and_is_understood()
    {
        var check = Check(WeChatVectors.NoticeBody, VectorHeaders);

        Assert.Equal(
            new NotificationCheck(
                null, "main", WeChatVectors.Serial, "00000000-0000-5000-8000-000000000001", WeChatVectors.MerchantId,
                new ProviderTrade(
                    WeChatVectors.Number, "4200000000202601010000000001", TradeStatus.Paid, 8888, "CNY",
                    new DateTimeOffset(2026, 1, 1, 4, 0, 30, TimeSpan.Zero))),
            check);
    }

    [Fact]
    public void The_case_of_header_names_does_not_matter()
    {
        var headers = VectorHeaders.ToDictionary(one => one.Key.ToLowerInvariant(), one => one.Value);

        Assert.Null(Check(WeChatVectors.NoticeBody, headers).Refusal);
    }

    [Fact]
    public void Its_proof_is_in_the_headers_that_are_named()
    {
        var kept = VectorHeaders.Append(new("X-Other", "1")).Where(one => WeChatHeaders.OfProof.Contains(one.Key))
            .ToDictionary(one => one.Key, one => one.Value);

        Assert.Null(Check(WeChatVectors.NoticeBody, kept).Refusal);
        Assert.All(
            WeChatHeaders.OfProof.Where(one => one != WeChatHeaders.SignatureType),
            name => Assert.NotNull(Check(
                WeChatVectors.NoticeBody, kept.Where(one => one.Key != name).ToDictionary()).Refusal));
    }

    public static TheoryData<string, string, string> SpoiledHeaders => new()
    {
        { WeChatHeaders.Signature, "", "a signature header is missing" },
        { WeChatHeaders.Serial, "", "a signature header is missing" },
        { WeChatHeaders.Signature, "WECHATPAY/SIGNTEST/" + WeChatVectors.NoticeSignature, "a probe: its signature must not fit" },
        { WeChatHeaders.Signature, WeChatVectors.AnswerSignature, "the signature does not fit" },
        { WeChatHeaders.Nonce, "other", "the signature does not fit" },
        { WeChatHeaders.Timestamp, "1767240030", "the signature does not fit" },
        { WeChatHeaders.Timestamp, "1767239732", "the timestamp is too far from our clock" },
        { WeChatHeaders.Timestamp, "1767240332", "the timestamp is too far from our clock" },
        { WeChatHeaders.Serial, "5678", "the serial names no key of ours" },
        { WeChatHeaders.SignatureType, "WECHATPAY2-SM2-WITH-SM3", "the signature is of another type" },
    };

    [Theory]
    [MemberData(nameof(SpoiledHeaders))]
    public void Spoiled_headers_are_refused(string header, string value, string reason)
    {
        var headers = VectorHeaders;
        headers[header] = value;

        Assert.Equal(reason, Check(WeChatVectors.NoticeBody, headers).Refusal);
    }

    [Theory]
    [InlineData("支付成功", "支付失败")]
    [InlineData("TRANSACTION.SUCCESS", "REFUND.SUCCESS")]
    [InlineData("\"id\":", "\"id\": ")]
    [InlineData("0123456789ab", "0123456789ac")]
    public void A_changed_body_is_refused(string what, string with)
    {
        var body = WeChatVectors.NoticeBody.Replace(what, with, StringComparison.Ordinal);

        Assert.NotEqual(WeChatVectors.NoticeBody, body);
        Assert.Equal("the signature does not fit", Check(body, VectorHeaders).Refusal);
    }

    [Fact]
    public void An_empty_or_huge_body_is_refused()
    {
        Assert.NotNull(Check("", VectorHeaders).Refusal);
        Assert.NotNull(Check(WeChatVectors.NoticeBody + new string(' ', 70_000), VectorHeaders).Refusal);
    }

    public static TheoryData<string, string, string> Misfits => new()
    {
        { "1900000001", "1900000009", "mchid is not ours" },
        { "\"mchid\"", "\"sp_mchid\"", "mchid is not ours" },
        { "wx0000000000000001", "wx0000000000000009", "appid is not ours" },
        { "\"appid\"", "\"sp_appid\"", "appid is not ours" },
        { "\"out_trade_no\"", "\"other\"", "out_trade_no is missing or not understood" },
        { "\"SUCCESS\"", "\"NOTPAY\"", "trade_state is missing or not understood" },
        { "\"SUCCESS\"", "\"NEW\"", "trade_state is missing or not understood" },
        { "\"total\":8888", "\"total\":\"8888\"", "amount.total is missing or not understood" },
        { "\"total\":8888", "\"total\":8888.5", "amount.total is missing or not understood" },
        { "\"total\":8888", "\"total\":-8888", "amount.total is missing or not understood" },
        { "\"total\":8888", "\"total\":0", "amount.total is missing or not understood" },
        { "\"total\":8888", "\"total\":8888,\"total\":1", "the resource holds no sound JSON" },
        { "\"success_time\"", "\"time\"", "success_time is missing or not understood" },
    };

    [Theory]
    [MemberData(nameof(Misfits))]
    public void A_signed_notification_that_is_not_for_us_is_refused(string what, string with, string reason)
    {
        var plain = WeChatVectors.NoticePlain.Replace(what, with, StringComparison.Ordinal);
        Assert.NotEqual(WeChatVectors.NoticePlain, plain);

        var check = Verify(plain);

        Assert.Equal(reason, check.Refusal);
        Assert.Null(check.Trade);
    }

    [Theory]
    [InlineData("event_type", "COUPON.USE", "event_type is about neither a payment nor a refund")]
    [InlineData("algorithm", "AEAD_SM4_GCM", "the resource is missing or not understood")]
    [InlineData("nonce", "short", "the resource cannot be decrypted")]
    [InlineData("associated_data", "other", "the resource cannot be decrypted")]
    [InlineData("ciphertext", "AAAA", "the resource cannot be decrypted")]
    [InlineData("id", "", "id is missing")]
    public void A_signed_envelope_that_is_not_sound_is_refused(string field, string value, string reason)
    {
        Assert.Equal(reason, Verify(WeChatVectors.NoticePlain, change: (field, value)).Refusal);
    }

    [Fact]
    public void Associated_data_may_be_missing()
    {
        Assert.Null(Verify(WeChatVectors.NoticePlain, aad: "").Refusal);
    }

    [Theory]
    [InlineData("SUCCESS", true)]
    [InlineData("CLOSED", false)]
    [InlineData("ABNORMAL", false)]
    public void A_refunds_end_is_told(string status, bool done)
    {
        var check = Verify(
            RefundPlain.Replace("SUCCESS", status, StringComparison.Ordinal), type: "REFUND." + status, aad: "refund");

        Assert.Null(check.Refusal);
        Assert.Equal(("main", WeChatVectors.MerchantId), (check.Profile, check.MerchantId));
        Assert.Equal(new ProviderRefund("R1", done, 1000, status), check.Refund);
        Assert.Equal(
            new ProviderTrade(WeChatVectors.Number, "42", TradeStatus.Paid, 8888, "CNY", null, done ? 1000 : 0),
            check.Trade);
    }

    [Theory]
    [InlineData("\"refund\":1000", "\"refund\":8889", "amount.refund is missing or not understood")]
    [InlineData("\"refund\":1000", "\"refund\":\"1000\"", "amount.refund is missing or not understood")]
    [InlineData("out_refund_no", "other", "out_refund_no is missing or not understood")]
    [InlineData("SUCCESS", "PROCESSING", "refund_status is missing or not understood")]
    [InlineData("1900000001", "1900000009", "mchid is not ours")]
    [InlineData("\"mchid\"", "\"appid\":\"wx9\",\"mchid\"", "appid is not ours")]
    public void A_refund_that_makes_no_sense_is_refused(string what, string with, string reason)
    {
        var plain = RefundPlain.Replace(what, with, StringComparison.Ordinal);

        Assert.Equal(reason, Verify(plain, type: "REFUND.SUCCESS", aad: "refund").Refusal);
    }

    [Fact]
    public void Each_merchant_and_app_has_its_own_profile()
    {
        using var gateway = new FakeWeChat();
        using var channel = gateway.Channel(
            null,
            FakeWeChat.Profile("other key", merchantId: "1900000002", apiV3Key: new string('k', 32)),
            FakeWeChat.Profile("other merchant", merchantId: "1900000003"),
            FakeWeChat.Profile("other app", appId: "wx2"),
            FakeWeChat.Profile("right"));

        var check = channel.Verify(Encoding.UTF8.GetBytes(WeChatVectors.NoticeBody), VectorHeaders, Arrived);

        Assert.Equal((null, "right"), (check.Refusal, check.Profile));
    }

    [Fact]
    public void A_key_is_chosen_by_its_serial()
    {
        using var gateway = new FakeWeChat();
        using var channel = gateway.Channel(null, FakeWeChat.Profile(
            keys: [FakeWeChat.PlatformKey("PUB_KEY_ID_9"), new() { Key = WeChatVectors.Certificate }]));
        var headers = VectorHeaders;

        Assert.Null(channel.Verify(Encoding.UTF8.GetBytes(WeChatVectors.NoticeBody), headers, Arrived).Refusal);
        headers[WeChatHeaders.Serial] = "PUB_KEY_ID_9";
        Assert.Equal(
            "PUB_KEY_ID_9",
            channel.Verify(Encoding.UTF8.GetBytes(WeChatVectors.NoticeBody), headers, Arrived).KeySerial);
        headers[WeChatHeaders.Serial] = "PUB_KEY_ID_8";
        Assert.NotNull(channel.Verify(Encoding.UTF8.GetBytes(WeChatVectors.NoticeBody), headers, Arrived).Refusal);
    }

    [Theory]
    [InlineData(NotificationOutcome.Stored, 200, "SUCCESS")]
    [InlineData(NotificationOutcome.Refused, 400, "FAIL")]
    [InlineData(NotificationOutcome.NotStored, 503, "FAIL")]
    public void The_answer_says_what_became_of_it(NotificationOutcome outcome, int status, string code)
    {
        using var gateway = new FakeWeChat();
        using var channel = gateway.Channel();

        var reply = channel.Reply(outcome);

        Assert.Equal(status, reply.Status);
        Assert.Equal(code, WeChatJson.Text(WeChatJson.Read(Encoding.UTF8.GetBytes(reply.Body))!.Value, "code"));
    }

    /// <summary>Seals the content, changes the envelope, signs it and lets the channel verify it.</summary>
    private static NotificationCheck Verify(
        string plain, string type = "TRANSACTION.SUCCESS", string aad = "transaction",
        (string Field, string Value)? change = null)
    {
        const string Nonce = "0123456789ab";
        string Value(string field, string value) => change?.Field == field ? change.Value.Value : value;
        var body = WeChatJson.Write(json =>
        {
            json.WriteString("id", Value("id", "N1"));
            json.WriteString("event_type", Value("event_type", type));
            json.WriteStartObject("resource");
            json.WriteString("algorithm", Value("algorithm", WeChatCipher.Algorithm));
            json.WriteString("ciphertext", Value("ciphertext", WeChatCipher.Encrypt(
                Encoding.UTF8.GetBytes(WeChatVectors.ApiV3Key), Nonce, aad, Encoding.UTF8.GetBytes(plain))));
            if (aad.Length > 0)
            {
                json.WriteString("associated_data", Value("associated_data", aad));
            }

            json.WriteString("nonce", Value("nonce", Nonce));
            json.WriteEndObject();
        });
        var headers = VectorHeaders;
        headers[WeChatHeaders.Signature] = WeChatSignature.Sign(
            FakeWeChat.Key, WeChatSignature.OfMessage(WeChatVectors.NoticeTime, WeChatVectors.NoticeNonce, body));
        return Check(Encoding.UTF8.GetString(body), headers);
    }

    private static NotificationCheck Check(string body, Dictionary<string, string> headers)
    {
        using var gateway = new FakeWeChat();
        using var channel = gateway.Channel();
        return channel.Verify(Encoding.UTF8.GetBytes(body), headers, Arrived);
    }
}
