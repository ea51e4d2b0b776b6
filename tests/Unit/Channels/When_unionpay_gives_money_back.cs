using CardShop.Shop.Channels;
using Xunit;

namespace CardShop.Tests.Unit.Channels;

public sealed class When_unionpay_gives_money_back
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_refund_is_asked_for_and_looked_at()
    {
        using var bank = new FakeUnionPay().Answers("00").Answers("00", When_unionpay_is_called.Queried("00", "1000"));
        using var channel = bank.Channel();

        var answer = await channel.RefundAsync(FakeUnionPay.Refund(), Token);

        Assert.Equal((ChannelResult.Done, "00"), (answer.Result, answer.Code));
        var sent = bank.Sent[0];
        Assert.Equal(
            ("04", "00", "000000", UnionPayVectors.Number + "R1", "20260101120500", "1000"),
            (sent["txnType"], sent["txnSubType"], sent["bizType"], sent["orderId"], sent["txnTime"], sent["txnAmt"]));
        Assert.Equal(
            ("202601011200000000001", UnionPayVectors.Number + ";8888", "https://shop.example.test/notify/unionpay"),
            (sent["origQryId"], sent["reqReserved"], sent["backUrl"]));
        Assert.EndsWith("/gateway/api/backTransReq.do", bank.Addresses[0].AbsoluteUri, StringComparison.Ordinal);
        Assert.Equal(
            ("00", UnionPayVectors.Number + "R1", "20260101120500"),
            (bank.Sent[1]["txnType"], bank.Sent[1]["orderId"], bank.Sent[1]["txnTime"]));
    }

    [Fact]
    public async Task A_refund_of_a_page_payment_names_that_product()
    {
        using var bank = new FakeUnionPay().Answers("00").Answers("00", When_unionpay_is_called.Queried("00", "1000"));
        using var channel = bank.Channel(null, FakeUnionPay.Profile(product: "page"));

        await channel.RefundAsync(FakeUnionPay.Refund(), Token);

        Assert.Equal("000201", bank.Sent[0]["bizType"]);
    }

    [Theory]
    [InlineData("00", "00", ChannelResult.Done)]
    [InlineData("12", "00", ChannelResult.Done)]
    [InlineData("12", "A6", ChannelResult.Done)]
    [InlineData("45", "00", ChannelResult.Done)]
    [InlineData("00", "03", ChannelResult.Unknown)]
    [InlineData("00", "04", ChannelResult.Unknown)]
    [InlineData("12", "05", ChannelResult.Unknown)]
    [InlineData("12", "77", ChannelResult.Unknown)]
    [InlineData("00", "01", ChannelResult.Refused)]
    [InlineData("12", "46", ChannelResult.Refused)]
    public async Task What_came_of_it_its_own_query_tells(string code, string original, ChannelResult expected)
    {
        using var bank = new FakeUnionPay()
            .Answers(code).Answers("00", When_unionpay_is_called.Queried(original, "1000"));
        using var channel = bank.Channel();

        var answer = await channel.RefundAsync(FakeUnionPay.Refund(), Token);

        Assert.Equal((expected, original), (answer.Result, answer.Code));
    }

    [Theory]
    [InlineData("12", "34", ChannelResult.Unknown)]
    [InlineData("00", "34", ChannelResult.Unknown)]
    [InlineData("45", "34", ChannelResult.Refused)]
    [InlineData("00", "06", ChannelResult.Unknown)]
    [InlineData("00", "31", ChannelResult.Unknown)]
    public async Task A_query_that_fails_proves_nothing_unless_somebody_else_refunded(
        string code, string query, ChannelResult expected)
    {
        using var bank = new FakeUnionPay().Answers(code).Answers(query);
        using var channel = bank.Channel();

        Assert.Equal(expected, (await channel.RefundAsync(FakeUnionPay.Refund(), Token)).Result);
    }

    [Theory]
    [InlineData("36", ChannelResult.Refused)]
    [InlineData("35", ChannelResult.WrongState)]
    [InlineData("34", ChannelResult.NotFound)]
    [InlineData("03", ChannelResult.Unknown)]
    [InlineData("06", ChannelResult.Unknown)]
    [InlineData("64", ChannelResult.Refused)]
    public async Task Another_answer_is_final_without_a_query(string code, ChannelResult expected)
    {
        using var bank = new FakeUnionPay().Answers(code);
        using var channel = bank.Channel();

        var answer = await channel.RefundAsync(FakeUnionPay.Refund(), Token);

        Assert.Equal((expected, code), (answer.Result, answer.Code));
    }

    [Fact]
    public async Task An_answer_about_another_amount_proves_nothing()
    {
        using var bank = new FakeUnionPay().Answers("12").Answers("00", When_unionpay_is_called.Queried("00", "900"));
        using var channel = bank.Channel();

        var answer = await channel.RefundAsync(FakeUnionPay.Refund(), Token);

        Assert.Equal((ChannelResult.Unknown, "REFUND_AMOUNT_DIFFERS"), (answer.Result, answer.Code));
    }

    [Fact]
    public async Task Two_calls_of_one_refund_are_the_same_byte_for_byte()
    {
        using var bank = new FakeUnionPay().Answers("05").Answers("05");
        using var channel = bank.Channel();

        await channel.RefundAsync(FakeUnionPay.Refund(), Token);
        await channel.RefundAsync(FakeUnionPay.Refund(), Token);

        Assert.Equal(bank.Bodies[0], bank.Bodies[1]);
    }

    [Fact]
    public async Task A_payment_whose_provider_number_is_not_known_is_asked_for_first()
    {
        using var bank = new FakeUnionPay()
            .Answers("00", When_unionpay_is_called.Queried("00"))
            .Answers("00").Answers("00", When_unionpay_is_called.Queried("00", "1000"));
        using var channel = bank.Channel();

        Assert.Equal(ChannelResult.Done, (await channel.RefundAsync(FakeUnionPay.Refund(tradeNo: null), Token)).Result);

        Assert.Equal("202601011200000000001", bank.Sent[1]["origQryId"]);
    }

    [Theory]
    [InlineData("00", "05", ChannelResult.WrongState)]
    [InlineData("00", "03", ChannelResult.Unknown)]
    [InlineData("34", null, ChannelResult.NotFound)]
    [InlineData("11", null, ChannelResult.Refused)]
    public async Task A_payment_that_is_not_there_is_not_refunded(string code, string? original, ChannelResult expected)
    {
        using var bank = new FakeUnionPay()
            .Answers(code, original is null ? [] : When_unionpay_is_called.Queried(original));
        using var channel = bank.Channel();

        Assert.Equal(expected, (await channel.RefundAsync(FakeUnionPay.Refund(tradeNo: null), Token)).Result);
        Assert.Single(bank.Sent);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(8889)]
    public async Task A_refund_of_nothing_or_too_much_is_refused_without_a_call(long amount)
    {
        using var bank = new FakeUnionPay();
        using var channel = bank.Channel();

        var answer = await channel.RefundAsync(FakeUnionPay.Refund(amount), Token);

        Assert.Equal((ChannelResult.Refused, "AMOUNT_INVALID"), (answer.Result, answer.Code));
        Assert.Equal(
            "NUMBER_INVALID",
            (await channel.RefundAsync(FakeUnionPay.Refund() with { RefundNumber = "R-1" }, Token)).Code);
        Assert.Empty(bank.Sent);
    }
}
