using CardShop.Shop.Channels;
using Xunit;

namespace CardShop.Tests.Unit.Channels;

public sealed class When_wechat_refunds
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("SUCCESS", ChannelResult.Done, null)]
    [InlineData("PROCESSING", ChannelResult.Unknown, "REFUND_PROCESSING")]
    [InlineData("CLOSED", ChannelResult.Refused, "REFUND_CLOSED")]
    [InlineData("ABNORMAL", ChannelResult.Refused, "REFUND_ABNORMAL")]
    [InlineData("NEW", ChannelResult.Unknown, "ANSWER_UNREADABLE")]
    public async Task A_refund_tells_how_far_it_is(string status, ChannelResult expected, string? code)
    {
        using var gateway = new FakeWeChat().Answers(RefundAnswer(status));
        using var channel = gateway.Channel();

        var answer = await channel.RefundAsync(FakeWeChat.Refund(), Token);

        Assert.Equal((expected, code), (answer.Result, answer.Code));
        Assert.Equal("POST /v3/refund/domestic/refunds", gateway.Calls[0]);
        Assert.Equal(
            "{\"out_trade_no\":\"CS20260101000002\",\"out_refund_no\":\"R20260101000001\",\"reason\":\"sold out\","
            + "\"notify_url\":\"https://shop.example.test/notify/wechat\","
            + "\"amount\":{\"refund\":1000,\"total\":8888,\"currency\":\"CNY\"}}",
            gateway.Bodies[0]);
    }

    [Theory]
    [InlineData("R20260101000001", "R20260101000009")]
    [InlineData("CS20260101000002", "CS20260101000009")]
    [InlineData("\"refund\":1000", "\"refund\":999")]
    [InlineData("\"refund\":1000", "\"refund\":\"1000\"")]
    [InlineData("\"refund\":1000", "\"refund\":9000")]
    public async Task A_refund_answer_about_something_else_is_not_taken_for_ours(string what, string with)
    {
        using var gateway = new FakeWeChat().Answers(
            RefundAnswer("SUCCESS").Replace(what, with, StringComparison.Ordinal));
        using var channel = gateway.Channel();

        Assert.Equal(ChannelResult.Unknown, (await channel.RefundAsync(FakeWeChat.Refund(), Token)).Result);
    }

    [Theory]
    [InlineData(0, "R1")]
    [InlineData(8889, "R1")]
    [InlineData(1, "")]
    [InlineData(1, "12345678901234567890123456789012345678901234567890123456789012345")]
    public async Task A_refund_that_makes_no_sense_is_refused_without_a_call(long amount, string number)
    {
        using var gateway = new FakeWeChat();
        using var channel = gateway.Channel();

        var answer = await channel.RefundAsync(FakeWeChat.Refund(amount) with { RefundNumber = number }, Token);

        Assert.Equal(ChannelResult.Refused, answer.Result);
        Assert.Empty(gateway.Calls);
    }

    private static string RefundAnswer(string status)
    {
        const string Start = """{"out_trade_no":"CS20260101000002","out_refund_no":"R20260101000001","status":""";
        const string Rest = ""","transaction_id":"42","amount":{"total":8888,"refund":1000,"currency":"CNY"}}""";
        return Start + $"\"{status}\"" + Rest;
    }
}
