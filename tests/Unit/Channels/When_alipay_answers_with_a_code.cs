using CardShop.Shop.Channels;
using CardShop.Shop.Channels.Alipay;
using Xunit;

namespace CardShop.Tests.Unit.Channels;

public sealed class When_alipay_answers_with_a_code
{
    private const string Business = "40004";

    public static TheoryData<string, string?, ChannelResult> ForEveryCall => new()
    {
        { "10000", null, ChannelResult.Done },
        { "10000", "", ChannelResult.Done },
        { "10000", "ACQ.SOMETHING_NEW", ChannelResult.Unknown },
        { "10003", null, ChannelResult.Unknown },
        { "20000", "isp.unknow-error", ChannelResult.Unknown },
        { "20000", "aop.unknow-error", ChannelResult.Unknown },
        { "20000", null, ChannelResult.Unknown },
        { "20001", "aop.invalid-auth-token", ChannelResult.Refused },
        { "40001", "isv.missing-signature", ChannelResult.Refused },
        { "40002", "isv.invalid-signature", ChannelResult.Refused },
        { "40003", "isv.missing-signature-config", ChannelResult.Refused },
        { "40006", "isv.insufficient-isv-permissions", ChannelResult.Refused },
        { "40005", "isv.call-limited", ChannelResult.Unknown },
        { "50000", null, ChannelResult.Unknown },
        { Business, null, ChannelResult.Unknown },
        { Business, "ACQ.SOMETHING_NEW", ChannelResult.Unknown },
        { Business, "ACQ.SYSTEM_ERROR", ChannelResult.Unknown },
        { Business, "ACQ.TRADE_NOT_EXIST", ChannelResult.NotFound },
        { Business, "ACQ.TRADE_HAS_SUCCESS", ChannelResult.WrongState },
        { Business, "ACQ.TRADE_STATUS_ERROR", ChannelResult.WrongState },
        { Business, "ACQ.REASON_TRADE_STATUS_INVALID", ChannelResult.WrongState },
        { Business, "ACQ.CONTEXT_INCONSISTENT", ChannelResult.Refused },
        { Business, "ACQ.TRADE_BUYER_NOT_MATCH", ChannelResult.Refused },
        { Business, "ACQ.TOTAL_FEE_EXCEED", ChannelResult.Refused },
        { Business, "ACQ.EXIST_FORBIDDEN_WORD", ChannelResult.Refused },
        { Business, "ACQ.INVALID_PARAMETER", ChannelResult.Refused },
        { Business, "ACQ.ACCESS_FORBIDDEN", ChannelResult.Refused },
        { Business, "ACQ.SELLER_BEEN_BLOCKED", ChannelResult.Refused },
        { Business, "ACQ.SELLER_BALANCE_NOT_ENOUGH", ChannelResult.Unknown },
        { Business, "ACQ.REFUND_CHARGE_ERROR", ChannelResult.Unknown },
        { Business, "ACQ.REFUND_AMT_NOT_EQUAL_TOTAL", ChannelResult.Refused },
        { Business, "ACQ.REASON_TRADE_REFUND_FEE_ERR", ChannelResult.Refused },
        { Business, "ACQ.REFUND_FEE_ERROR", ChannelResult.Refused },
        { Business, "ACQ.REASON_TRADE_BEEN_FREEZEN", ChannelResult.Refused },
        { Business, "ACQ.TRADE_NOT_ALLOW_REFUND", ChannelResult.Refused },
        { Business, "ACQ.DISCORDANT_REPEAT_REQUEST", ChannelResult.Refused },
    };

    public static TheoryData<AlipayCall, string, ChannelResult> ForOneCall => new()
    {
        { AlipayCall.Create, "ACQ.TRADE_HAS_CLOSE", ChannelResult.WrongState },
        { AlipayCall.Query, "ACQ.TRADE_HAS_CLOSE", ChannelResult.WrongState },
        { AlipayCall.Close, "ACQ.TRADE_HAS_CLOSE", ChannelResult.Done },
        { AlipayCall.Refund, "ACQ.TRADE_HAS_CLOSE", ChannelResult.WrongState },
        { AlipayCall.Create, "ACQ.TRADE_HAS_FINISHED", ChannelResult.WrongState },
        { AlipayCall.Query, "ACQ.TRADE_HAS_FINISHED", ChannelResult.WrongState },
        { AlipayCall.Close, "ACQ.TRADE_HAS_FINISHED", ChannelResult.WrongState },
        { AlipayCall.Refund, "ACQ.TRADE_HAS_FINISHED", ChannelResult.Refused },
    };

    [Theory]
    [MemberData(nameof(ForEveryCall))]
    public void It_means_the_same_for_every_call(string code, string? subCode, ChannelResult meaning)
    {
        Assert.All(Enum.GetValues<AlipayCall>(), call =>
            Assert.Equal(meaning, AlipayErrors.Classify(call, code, subCode)));
    }

    [Theory]
    [MemberData(nameof(ForOneCall))]
    public void It_may_mean_something_of_its_own(AlipayCall call, string subCode, ChannelResult meaning)
    {
        Assert.Equal(meaning, AlipayErrors.Classify(call, Business, subCode));
    }

    [Fact]
    public void A_missing_code_proves_nothing()
    {
        Assert.Equal(ChannelResult.Unknown, AlipayErrors.Classify(AlipayCall.Create, null, null));
    }

    [Fact]
    public void Every_row_of_the_table_stands_in_these_tests()
    {
        var tested = ForEveryCall.Select(one => one.Data.Item2).Concat(ForOneCall.Select(one => one.Data.Item2));

        Assert.Empty(AlipayErrors.Known.Except(tested.OfType<string>()));
    }
}
