using CardShop.Shop.Channels;
using CardShop.Shop.Channels.UnionPay;
using Xunit;

namespace CardShop.Tests.Unit.Channels;

public sealed class When_unionpay_answers_with_a_code
{
    public static TheoryData<string, UnionPayMeaning, UnionPayTradeState> Codes => new()
    {
        { "00", UnionPayMeaning.Done, UnionPayTradeState.Succeeded },
        { "A6", UnionPayMeaning.Done, UnionPayTradeState.Succeeded },
        { "01", UnionPayMeaning.Permanent, UnionPayTradeState.Failed },
        { "02", UnionPayMeaning.Wait, UnionPayTradeState.Unknown },
        { "03", UnionPayMeaning.Unknown, UnionPayTradeState.Unknown },
        { "04", UnionPayMeaning.Unknown, UnionPayTradeState.Unknown },
        { "05", UnionPayMeaning.Unknown, UnionPayTradeState.Waiting },
        { "06", UnionPayMeaning.Wait, UnionPayTradeState.Unknown },
        { "10", UnionPayMeaning.Permanent, UnionPayTradeState.Failed },
        { "11", UnionPayMeaning.Permanent, UnionPayTradeState.Failed },
        { "12", UnionPayMeaning.AlreadyDone, UnionPayTradeState.Failed },
        { "13", UnionPayMeaning.Permanent, UnionPayTradeState.Failed },
        { "30", UnionPayMeaning.Permanent, UnionPayTradeState.Failed },
        { "31", UnionPayMeaning.Permanent, UnionPayTradeState.Failed },
        { "32", UnionPayMeaning.Permanent, UnionPayTradeState.Failed },
        { "33", UnionPayMeaning.Permanent, UnionPayTradeState.Failed },
        { "34", UnionPayMeaning.NotFound, UnionPayTradeState.Failed },
        { "35", UnionPayMeaning.WrongState, UnionPayTradeState.Failed },
        { "36", UnionPayMeaning.Permanent, UnionPayTradeState.Failed },
        { "37", UnionPayMeaning.Wait, UnionPayTradeState.Unknown },
        { "38", UnionPayMeaning.Permanent, UnionPayTradeState.Failed },
        { "39", UnionPayMeaning.Permanent, UnionPayTradeState.Failed },
        { "40", UnionPayMeaning.Permanent, UnionPayTradeState.Failed },
        { "42", UnionPayMeaning.WrongState, UnionPayTradeState.Returned },
        { "45", UnionPayMeaning.AlreadyDone, UnionPayTradeState.Returned },
        { "46", UnionPayMeaning.WrongState, UnionPayTradeState.Returned },
        { "60", UnionPayMeaning.Permanent, UnionPayTradeState.Failed },
        { "61", UnionPayMeaning.Permanent, UnionPayTradeState.Failed },
        { "62", UnionPayMeaning.Permanent, UnionPayTradeState.Failed },
        { "63", UnionPayMeaning.Permanent, UnionPayTradeState.Failed },
        { "64", UnionPayMeaning.Permanent, UnionPayTradeState.Failed },
        { "65", UnionPayMeaning.Permanent, UnionPayTradeState.Failed },
        { "66", UnionPayMeaning.Permanent, UnionPayTradeState.Failed },
        { "67", UnionPayMeaning.Permanent, UnionPayTradeState.Failed },
        { "68", UnionPayMeaning.Permanent, UnionPayTradeState.Failed },
        { "98", UnionPayMeaning.Permanent, UnionPayTradeState.Failed },
        { "99", UnionPayMeaning.Unknown, UnionPayTradeState.Unknown },
    };

    [Theory]
    [MemberData(nameof(Codes))]
    public void It_says_what_it_says_of_the_call_and_of_the_trade(
        string code, UnionPayMeaning meaning, UnionPayTradeState trade)
    {
        Assert.Equal(meaning, UnionPayCodes.MeaningOf(code));
        Assert.Equal(trade, UnionPayCodes.TradeStateOf(code));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("77")]
    [InlineData("a6")]
    public void A_code_that_nobody_knows_proves_nothing(string? code)
    {
        Assert.Equal(UnionPayMeaning.Unknown, UnionPayCodes.MeaningOf(code));
        Assert.Equal(UnionPayTradeState.Unknown, UnionPayCodes.TradeStateOf(code));
        Assert.Equal(ChannelResult.Unknown, UnionPayCodes.Classify(UnionPayCall.Refund, code));
    }

    [Theory]
    [InlineData("00", ChannelResult.Done, ChannelResult.Done, ChannelResult.Done)]
    [InlineData("12", ChannelResult.WrongState, ChannelResult.Unknown, ChannelResult.Unknown)]
    [InlineData("06", ChannelResult.Unknown, ChannelResult.Unknown, ChannelResult.Unknown)]
    [InlineData("04", ChannelResult.Unknown, ChannelResult.Unknown, ChannelResult.Unknown)]
    [InlineData("34", ChannelResult.NotFound, ChannelResult.NotFound, ChannelResult.NotFound)]
    [InlineData("35", ChannelResult.WrongState, ChannelResult.WrongState, ChannelResult.WrongState)]
    [InlineData("36", ChannelResult.Refused, ChannelResult.Refused, ChannelResult.Refused)]
    public void Each_meaning_comes_to_one_of_the_sagas_five_results(
        string code, ChannelResult create, ChannelResult query, ChannelResult refund)
    {
        Assert.Equal(create, UnionPayCodes.Classify(UnionPayCall.Create, code));
        Assert.Equal(query, UnionPayCodes.Classify(UnionPayCall.Query, code));
        Assert.Equal(refund, UnionPayCodes.Classify(UnionPayCall.Refund, code));
    }

    [Fact]
    public void Every_row_of_the_table_stands_in_these_tests()
    {
        Assert.Empty(UnionPayCodes.Known.Except(Codes.Select(one => one.Data.Item1)));
    }
}
