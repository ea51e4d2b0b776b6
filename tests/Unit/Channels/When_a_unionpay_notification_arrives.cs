using System.Text;
using CardShop.Shop.Channels;
using CardShop.Shop.Channels.Alipay;
using CardShop.Shop.Channels.UnionPay;
using Xunit;

namespace CardShop.Tests.Unit.Channels;

public sealed class When_a_unionpay_notification_arrives
{
    private static readonly Dictionary<string, string> NoHeaders = [];
    private static readonly DateTimeOffset Arrived = FakeUnionPay.Opened.AddMinutes(1);

    [Fact]
    public void The_vector_verifies_and_is_understood()
    {
        using var bank = new FakeUnionPay();
        using var channel = bank.Channel(null, VectorProfile());

        var check = channel.Verify(
            Encoding.ASCII.GetBytes(UnionPayVectors.NotificationBody), NoHeaders,
            new DateTimeOffset(2026, 12, 1, 0, 0, 0, TimeSpan.Zero));

        Assert.Equal(
            new NotificationCheck(
                null, "main", "4660", "01-CS20260101000003-20260101120000-00", UnionPayVectors.MerchantId,
                new ProviderTrade(
                    UnionPayVectors.Number, "202601011200000000001", TradeStatus.Paid, 8888, "CNY", FakeUnionPay.Opened),
                QueryFirst: true, OrderedAt: FakeUnionPay.Opened),
            check);
    }

    [Theory]
    [InlineData(2026, "the certificate's chain does not hold: NotTimeValid")]
    [InlineData(2127, "the certificate's chain does not hold: NotTimeValid")]
    public void A_certificate_counts_at_the_time_of_arrival(int year, string refusal)
    {
        using var bank = new FakeUnionPay();
        using var channel = bank.Channel(null, VectorProfile());

        var check = channel.Verify(
            Encoding.ASCII.GetBytes(UnionPayVectors.NotificationBody), NoHeaders,
            new DateTimeOffset(year, 1, 1, 0, 0, 0, TimeSpan.Zero));

        Assert.Equal(refusal, check.Refusal);
    }

    [Fact]
    public void A_certificate_that_was_good_before_is_not_good_for_ever()
    {
        using var bank = new FakeUnionPay();
        using var channel = bank.Channel();
        var body = Encoding.ASCII.GetBytes(AlipayForm.Write(Signed(Fields())));

        Assert.Null(channel.Verify(body, NoHeaders, Arrived).Refusal);
        Assert.Null(channel.Verify(body, NoHeaders, TestChain.Until).Refusal);
        Assert.Equal(
            "the certificate is not valid at this time",
            channel.Verify(body, NoHeaders, TestChain.Until.AddSeconds(1)).Refusal);
        Assert.NotNull(channel.Verify(body, NoHeaders, TestChain.From.AddSeconds(-1)).Refusal);
    }

    [Theory]
    [InlineData("CN=Test UnionPay", null)]
    [InlineData("CN=041@2026@Test UnionPay@00000002", null)]
    [InlineData("O=Somebody,CN=Test UnionPay", null)]
    [InlineData("CN=041@2026@Test UnionPays@1", "the certificate does not name UnionPay")]
    [InlineData("CN=Test UnionPay@2026@041@1", "the certificate does not name UnionPay")]
    [InlineData("CN=Test UnionPay Ltd", "the certificate does not name UnionPay")]
    [InlineData("O=Test UnionPay", "the certificate does not name UnionPay")]
    [InlineData("CN=Test UnionPay,CN=Somebody", "the certificate does not name UnionPay")]
    public void The_certificate_must_name_unionpay(string subject, string? refusal)
    {
        var check = Check(fields =>
            fields["signPubKeyCert"] = FakeUnionPay.Chain.Sign(subject, TestChain.From, TestChain.Until));

        Assert.Equal(refusal, check.Refusal);
    }

    [Fact]
    public void A_certificate_of_another_root_is_refused()
    {
        var check = Check(fields => fields["signPubKeyCert"] = new TestChain("041@2026@Test UnionPay@1").SignerText);

        Assert.StartsWith("the certificate's chain does not hold: ", check.Refusal, StringComparison.Ordinal);
    }

    [Fact]
    public void A_self_made_certificate_is_refused_though_its_name_and_signature_fit()
    {
        var profile = FakeUnionPay.Profile();
        Assert.Equal("Test UnionPay", profile.CertificateName);
        using var bank = new FakeUnionPay();
        using var channel = bank.Channel(null, VectorProfile(rootCertificate: FakeUnionPay.Chain.RootText));

        var check = channel.Verify(
            Encoding.ASCII.GetBytes(UnionPayVectors.NotificationBody), NoHeaders,
            new DateTimeOffset(2026, 12, 1, 0, 0, 0, TimeSpan.Zero));

        Assert.StartsWith("the certificate's chain does not hold: ", check.Refusal, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("rubbish")]
    [InlineData("-----BEGIN CERTIFICATE-----\r\nAAAA\r\n-----END CERTIFICATE-----")]
    [InlineData("")]
    public void What_is_no_certificate_is_refused(string text)
    {
        Assert.StartsWith(
            "signPubKeyCert is ", Check(fields => fields["signPubKeyCert"] = text).Refusal, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("00", TradeStatus.Paid)]
    [InlineData("A6", TradeStatus.Paid)]
    [InlineData("64", TradeStatus.Waiting)]
    [InlineData("03", TradeStatus.Waiting)]
    [InlineData("42", TradeStatus.Closed)]
    public void An_outcome_is_told_and_only_success_is_paid(string code, TradeStatus expected)
    {
        var check = Check(fields => fields["respCode"] = code);

        Assert.Null(check.Refusal);
        Assert.Equal(expected, check.Trade!.Status);
        Assert.Null(check.Refund);
        Assert.EndsWith("-" + code, check.NotifyId, StringComparison.Ordinal);
    }

    [Fact]
    public void Foreign_money_keeps_its_currency()
    {
        Assert.Equal("840", Check(fields => fields["currencyCode"] = "840").Trade!.Currency);
    }

    [Theory]
    [InlineData("00", "1000", true, TradeStatus.Paid, 1000)]
    [InlineData("00", "8888", true, TradeStatus.Closed, 8888)]
    [InlineData("01", "1000", false, TradeStatus.Paid, 0)]
    public void A_refund_is_told_with_its_payment(
        string code, string amount, bool isDone, TradeStatus status, long refunded)
    {
        var check = Check(fields => Refund(fields, code, amount));

        Assert.Null(check.Refusal);
        Assert.Equal(
            new ProviderRefund(UnionPayVectors.Number + "R1", isDone, long.Parse(amount, null), code), check.Refund);
        Assert.Equal(
            new ProviderTrade(
                UnionPayVectors.Number, "202601011200000000001", status, 8888, "CNY", null, refunded), check.Trade);
    }

    [Fact]
    public void A_refund_that_names_no_payment_belongs_to_nobody()
    {
        var check = Check(fields =>
        {
            Refund(fields, "00", "1000");
            fields.Remove("reqReserved");
        });

        Assert.Null(check.Refusal);
        Assert.Equal((UnionPayVectors.Number + "R1", TradeStatus.Closed), (check.Trade!.Number, check.Trade.Status));
    }

    [Fact]
    public void A_refund_that_is_not_decided_is_sent_again()
    {
        Assert.Equal(
            "respCode decides nothing about the refund", Check(fields => Refund(fields, "05", "1000")).Refusal);
    }

    public static TheoryData<string, string?, string> Refused => new()
    {
        { "merId", "777290058110099", "merId is not ours" },
        { "merId", null, "merId is not ours" },
        { "version", "5.0.0", "version or signMethod is not 5.1.0 with 01" },
        { "signMethod", "11", "version or signMethod is not 5.1.0 with 01" },
        { "txnType", "31", "txnType is neither a payment nor a refund" },
        { "txnType", null, "txnType is neither a payment nor a refund" },
        { "respCode", null, "respCode or txnTime is missing" },
        { "txnTime", null, "respCode or txnTime is missing" },
        { "orderId", null, "orderId is missing or not understood" },
        { "txnAmt", "88.88", "txnAmt is missing or not understood" },
        { "txnAmt", null, "txnAmt is missing or not understood" },
        { "currencyCode", null, "currencyCode is missing or not understood" },
        { "queryId", null, "queryId is missing or not understood" },
        { "a&b", "1", "the body is not a sound form" },
        { "a=b", "1", "the body is not a sound form" },
    };

    [Theory]
    [MemberData(nameof(Refused))]
    public void A_signed_notification_that_is_not_for_us_is_refused(string field, string? value, string reason)
    {
        var check = Check(fields =>
        {
            fields.Remove(field);
            if (value is not null)
            {
                fields[field] = value;
            }
        });

        Assert.Equal(reason, check.Refusal);
        Assert.Null(check.Trade);
    }

    [Theory]
    [InlineData("txnAmt=8888", "txnAmt=8889")]
    [InlineData("respCode=00", "respCode=A6")]
    [InlineData("%0D%0A", "%0A")]
    [InlineData("orderId=", "orderId=X&x=")]
    [InlineData("version=5.1.0", "version=5.1.0&version=5.1.0")]
    [InlineData("version=5.1.0", "version=5.1.0&something=new")]
    [InlineData("signature=", "nosignature=")]
    public void A_changed_body_is_refused(string what, string with)
    {
        using var bank = new FakeUnionPay();
        using var channel = bank.Channel();
        var body = AlipayForm.Write(Signed(Fields()));
        var changed = body.Replace(what, with, StringComparison.Ordinal);

        Assert.NotEqual(body, changed);
        Assert.NotNull(channel.Verify(Encoding.ASCII.GetBytes(changed), NoHeaders, Arrived).Refusal);
    }

    [Fact]
    public void An_empty_or_huge_body_is_refused()
    {
        using var bank = new FakeUnionPay();
        using var channel = bank.Channel();

        Assert.NotNull(channel.Verify(default, NoHeaders, Arrived).Refusal);
        Assert.NotNull(channel.Verify(new byte[70_000], NoHeaders, Arrived).Refusal);
    }

    [Theory]
    [InlineData("000000", "codes")]
    [InlineData("000201", "pages")]
    [InlineData("000999", "codes")]
    public void A_merchants_products_have_profiles_of_their_own(string product, string expected)
    {
        var check = Check(
            fields => fields["bizType"] = product,
            FakeUnionPay.Profile("other", "777290058110099"), FakeUnionPay.Profile("codes"),
            FakeUnionPay.Profile("pages", product: "page"));

        Assert.Equal(expected, check.Profile);
    }

    [Theory]
    [InlineData(NotificationOutcome.Stored, 200, "ok")]
    [InlineData(NotificationOutcome.Refused, 400, "failure")]
    [InlineData(NotificationOutcome.NotStored, 503, "failure")]
    public void The_status_is_what_the_provider_reads(NotificationOutcome outcome, int status, string body)
    {
        using var bank = new FakeUnionPay();
        using var channel = bank.Channel();

        Assert.Equal(new NotificationReply(status, "text/plain", body), channel.Reply(outcome));
    }

    private static UnionPayProfileOptions VectorProfile(string? rootCertificate = null) => new()
    {
        Name = "main",
        MerchantId = UnionPayVectors.MerchantId,
        Gateway = "https://gateway.test.95516.com",
        NotifyUrl = "https://shop.example.test/notify/unionpay",
        PrivateKey = AlipayVectors.PrivateKey,
        CertificateId = "4660",
        RootCertificate = rootCertificate ?? UnionPayVectors.Certificate,
        CertificateName = UnionPayVectors.CertificateName,
    };

    private static void Refund(Dictionary<string, string> fields, string code, string amount)
    {
        fields["txnType"] = "04";
        fields["txnSubType"] = "00";
        fields["orderId"] = UnionPayVectors.Number + "R1";
        fields["txnAmt"] = amount;
        fields["respCode"] = code;
        fields["origQryId"] = fields["queryId"];
        fields["queryId"] = "202601011205000000009";
        fields["reqReserved"] = UnionPayVectors.Number + ";8888";
    }

    private static Dictionary<string, string> Fields()
    {
        var fields = AlipayForm.Read(Encoding.ASCII.GetBytes(UnionPayVectors.NotificationBody))!;
        fields["signPubKeyCert"] = FakeUnionPay.Chain.SignerText;
        return fields;
    }

    private static Dictionary<string, string> Signed(Dictionary<string, string> fields)
    {
        fields["signature"] = UnionPaySignature.Sign(FakeUnionPay.Key, UnionPaySignature.TextOf(fields));
        return fields;
    }

    private static NotificationCheck Check(
        Action<Dictionary<string, string>> change, params UnionPayProfileOptions[] profiles)
    {
        var fields = Fields();
        change(fields);
        using var bank = new FakeUnionPay();
        using var channel = bank.Channel(null, profiles);
        return channel.Verify(Encoding.ASCII.GetBytes(AlipayForm.Write(Signed(fields))), NoHeaders, Arrived);
    }
}
