using CardShop.Shop.Channels;
using CardShop.Shop.Channels.WeChat;
using Xunit;

namespace CardShop.Tests.Unit.Channels;

public sealed class When_wechat_answers_with_a_code
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static TheoryData<int, string, ChannelResult> ForEveryCall => new()
    {
        { 400, "PARAM_ERROR", ChannelResult.Refused },
        { 400, "INVALID_REQUEST", ChannelResult.Refused },
        { 400, "APPID_MCHID_NOT_MATCH", ChannelResult.Refused },
        { 400, "MCH_NOT_EXISTS", ChannelResult.Refused },
        { 401, "SIGN_ERROR", ChannelResult.Refused },
        { 403, "NO_AUTH", ChannelResult.Refused },
        { 403, "NOAUTH", ChannelResult.Refused },
        { 403, "OUT_TRADE_NO_USED", ChannelResult.Refused },
        { 403, "OUTTRADENOUSED", ChannelResult.Refused },
        { 403, "RULE_LIMIT", ChannelResult.Refused },
        { 403, "RULELIMIT", ChannelResult.Refused },
        { 403, "TRADE_ERROR", ChannelResult.Refused },
        { 403, "ACCOUNT_ERROR", ChannelResult.Refused },
        { 403, "USER_ACCOUNT_ABNORMAL", ChannelResult.Refused },
        { 403, "NOT_ENOUGH", ChannelResult.Unknown },
        { 403, "NOTENOUGH", ChannelResult.Unknown },
        { 404, "ORDER_NOT_EXIST", ChannelResult.NotFound },
        { 404, "ORDERNOTEXIST", ChannelResult.NotFound },
        { 404, "RESOURCE_NOT_EXISTS", ChannelResult.NotFound },
        { 400, "ORDERPAID", ChannelResult.WrongState },
        { 400, "ORDER_PAID", ChannelResult.WrongState },
        { 202, "USER_PAYING", ChannelResult.Unknown },
        { 202, "USERPAYING", ChannelResult.Unknown },
        { 429, "FREQUENCY_LIMITED", ChannelResult.Unknown },
        { 429, "FREQUENCY_LIMIT_EXCEED", ChannelResult.Unknown },
        { 500, "SYSTEM_ERROR", ChannelResult.Unknown },
        { 500, "SYSTEMERROR", ChannelResult.Unknown },
        { 500, "BANK_ERROR", ChannelResult.Unknown },
        { 500, "BANKERROR", ChannelResult.Unknown },
        { 400, "SOMETHING_NEW", ChannelResult.Unknown },
    };

    public static TheoryData<WeChatCall, string, ChannelResult> ForOneCall => new()
    {
        { WeChatCall.Create, "ORDER_CLOSED", ChannelResult.WrongState },
        { WeChatCall.Query, "ORDERCLOSED", ChannelResult.WrongState },
        { WeChatCall.Close, "ORDER_CLOSED", ChannelResult.Done },
        { WeChatCall.Close, "ORDERCLOSED", ChannelResult.Done },
        { WeChatCall.Refund, "ORDER_CLOSED", ChannelResult.WrongState },
    };

    [Theory]
    [MemberData(nameof(ForEveryCall))]
    public async Task It_means_the_same_for_every_call(int status, string code, ChannelResult meaning)
    {
        var body = $$"""{"code":"{{code}}","message":"因为"}""";
        using var gateway = new FakeWeChat()
            .Answers(body, status).Answers(body, status).Answers(body, status).Answers(body, status);
        using var channel = gateway.Channel();

        ChannelAnswer[] answers =
        [
            await channel.CreateAsync(FakeWeChat.Request(), Token),
            await channel.QueryAsync(FakeWeChat.Request(), Token),
            await channel.CloseAsync(FakeWeChat.Request(), Token),
            await channel.RefundAsync(FakeWeChat.Refund(), Token),
        ];

        Assert.All(answers, one => Assert.Equal((meaning, code, "因为"), (one.Result, one.Code, one.Message)));
    }

    [Theory]
    [MemberData(nameof(ForOneCall))]
    public void It_may_mean_something_of_its_own(WeChatCall call, string code, ChannelResult meaning)
    {
        Assert.Equal(meaning, WeChatErrors.Classify(call, code));
    }

    [Fact]
    public void A_missing_code_proves_nothing()
    {
        Assert.Equal(ChannelResult.Unknown, WeChatErrors.Classify(WeChatCall.Create, null));
    }

    [Fact]
    public void Every_row_of_the_table_stands_in_these_tests()
    {
        var tested = ForEveryCall.Select(one => one.Data.Item2).Concat(ForOneCall.Select(one => one.Data.Item2));

        Assert.Empty(WeChatErrors.Known.Except(tested));
    }
}
