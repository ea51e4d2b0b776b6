using System.Text;
using CardShop.Shop.Channels;
using CardShop.Shop.Channels.Alipay;
using Xunit;

namespace CardShop.Tests.Unit.Channels;

public sealed class When_an_alipay_notification_arrives
{
    private static readonly Dictionary<string, string> NoHeaders = [];

    [Fact]
    public void The_vector_verifies_and_is_understood()
    {
        using var gateway = new FakeGateway();
        using var channel = gateway.Channel();

        var check = channel.Verify(
            Encoding.ASCII.GetBytes(AlipayVectors.NotificationBody), NoHeaders, DateTimeOffset.UnixEpoch);

        Assert.Equal(
            new NotificationCheck(
                null, "main", FakeGateway.Key.Fingerprint, "2026010100222120021000000000000001",
                AlipayVectors.SellerId, new ProviderTrade(
                    AlipayVectors.Number, "2026010122001400000000000001", TradeStatus.Paid, 8888, "CNY",
                    new DateTimeOffset(2026, 1, 1, 4, 0, 20, TimeSpan.Zero))),
            check);
    }

    [Fact]
    public void The_text_to_verify_is_that_of_the_vector()
    {
        var fields = AlipayForm.Read(Encoding.ASCII.GetBytes(AlipayVectors.NotificationBody))!;

        Assert.Equal(AlipayVectors.NotificationText, AlipaySignature.OfNotification(fields));
    }

    [Theory]
    [InlineData("TRADE_SUCCESS", TradeStatus.Paid)]
    [InlineData("TRADE_FINISHED", TradeStatus.Paid)]
    [InlineData("WAIT_BUYER_PAY", TradeStatus.Waiting)]
    [InlineData("TRADE_CLOSED", TradeStatus.Closed)]
    public void Every_known_status_is_accepted(string status, TradeStatus expected)
    {
        var check = Verify(fields => fields["trade_status"] = status);

        Assert.Null(check.Refusal);
        Assert.Equal(expected, check.Trade!.Status);
    }

    [Fact]
    public void Unknown_fields_belong_to_what_is_signed()
    {
        Assert.Null(Verify(fields => fields["something_new"] = "a+b %2B 卡").Refusal);
        Assert.NotNull(Verify(_ => { }, body => body + "&something_new=1").Refusal);
    }

    [Fact]
    public void Fields_without_a_value_may_be_signed_or_not()
    {
        Assert.Null(Verify(_ => { }, body => body + "&body=").Refusal);
        var kept = Fields();
        kept["body"] = "";
        kept["sign"] = AlipaySignature.Sign(FakeGateway.Key, AlipaySignature.OfNotification(kept, keepEmpty: true));
        kept["sign_type"] = "RSA2";

        Assert.Null(Check(AlipayForm.Write(kept)).Refusal);
    }

    [Fact]
    public void A_partial_refund_is_told()
    {
        var check = Verify(fields => fields["refund_fee"] = "8.80");

        Assert.Equal(880, check.Trade!.RefundedMinor);
    }

    public static TheoryData<string, string?, string> Refused => new()
    {
        { "app_id", "2021000000000009", "app_id is not ours" },
        { "app_id", null, "app_id is not ours" },
        { "seller_id", "2088000000000009", "seller_id is not ours" },
        { "notify_type", "dut_user_sign", "notify_type is not about a trade" },
        { "notify_id", null, "notify_id is missing" },
        { "out_trade_no", null, "out_trade_no is missing or not understood" },
        { "trade_status", "TRADE_NEW", "trade_status is missing or not understood" },
        { "trade_status", null, "trade_status is missing or not understood" },
        { "total_amount", "88.888", "total_amount is missing or not understood" },
        { "total_amount", null, "total_amount is missing or not understood" },
        { "refund_fee", "-1", "refund_fee is missing or not understood" },
    };

    [Theory]
    [MemberData(nameof(Refused))]
    public void A_signed_notification_that_is_not_for_us_is_refused(string field, string? value, string reason)
    {
        var check = Verify(fields =>
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

    public static TheoryData<string, string> Tampered => new()
    {
        { "total_amount=88.88", "total_amount=88.89" },
        { "trade_status=TRADE_SUCCESS", "trade_status=TRADE_FINISHED" },
        { "%2BA", "+A" },
        { "sign_type=RSA2", "sign_type=RSA" },
        { "&sign_type=RSA2", "" },
        { "out_trade_no=", "out_trade_no=X&x=" },
        { "version=1.0", "version=1.0&version=1.0" },
        { "version=1.0", "version=1%2" },
        { "sign=", "nosign=" },
    };

    [Theory]
    [MemberData(nameof(Tampered))]
    public void A_changed_body_is_refused(string what, string with)
    {
        var body = AlipayVectors.NotificationBody.Replace(what, with, StringComparison.Ordinal);

        Assert.NotEqual(AlipayVectors.NotificationBody, body);
        Assert.NotNull(Check(body).Refusal);
    }

    [Fact]
    public void An_empty_or_huge_body_is_refused()
    {
        Assert.NotNull(Check("").Refusal);
        Assert.NotNull(Check(AlipayVectors.NotificationBody + "&x=" + new string('x', 70_000)).Refusal);
    }

    [Fact]
    public void Each_app_has_its_own_profile()
    {
        using var gateway = new FakeGateway();
        using var channel = gateway.Channel(
            null, FakeGateway.Profile("other", "2021000000000002"), FakeGateway.Profile("any"),
            FakeGateway.Profile("named", sellerId: AlipayVectors.SellerId));

        var check = channel.Verify(
            Encoding.ASCII.GetBytes(AlipayVectors.NotificationBody), NoHeaders, DateTimeOffset.UnixEpoch);

        Assert.Equal("named", check.Profile);
    }

    private static Dictionary<string, string> Fields()
    {
        var fields = AlipayForm.Read(Encoding.ASCII.GetBytes(AlipayVectors.NotificationBody))!;
        fields.Remove("sign");
        fields.Remove("sign_type");
        return fields;
    }

    /// <summary>Changes the fields, signs them anew, and then changes the body.</summary>
    private static NotificationCheck Verify(
        Action<Dictionary<string, string>> change, Func<string, string>? after = null)
    {
        var fields = Fields();
        change(fields);
        fields["sign"] = AlipaySignature.Sign(FakeGateway.Key, AlipaySignature.OfNotification(fields));
        fields["sign_type"] = "RSA2";
        var body = AlipayForm.Write(fields);
        return Check(after is null ? body : after(body));
    }

    private static NotificationCheck Check(string body)
    {
        using var gateway = new FakeGateway();
        using var channel = gateway.Channel(null, FakeGateway.Profile(sellerId: AlipayVectors.SellerId));
        return channel.Verify(Encoding.UTF8.GetBytes(body), NoHeaders, DateTimeOffset.UnixEpoch);
    }
}
