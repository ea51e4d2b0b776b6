using CardShop.Api.Payments;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace CardShop.Tests.Unit.Api;

public sealed class When_a_channel_is_chosen
{
    private static ChannelChoice With(params string[] up) => new(["alipay", "wechat", "unionpay"], up.Contains);

    [Fact]
    public void One_that_is_up_is_taken() => Assert.Null(With("alipay").Refusal("alipay"));

    [Theory]
    [InlineData("alipay", "alipay is down at this moment. Choose one of: wechat, unionpay.")]
    [InlineData("cash", "Choose one of: wechat, unionpay.")]
    [InlineData(null, "Choose one of: wechat, unionpay.")]
    public void One_that_is_not_up_or_not_known_is_a_field_to_correct(string? channel, string message)
    {
        var problem = With("wechat", "unionpay").Refusal(channel)!;
        Assert.Equal((400, message), (problem.Status, problem.Errors!["channel"][0]));
    }

    [Fact]
    public async Task With_none_up_there_is_nothing_to_choose_and_the_request_comes_again_later()
    {
        var problem = With().Refusal("alipay")!;
        var context = new DefaultHttpContext();
        context.Response.Body = new MemoryStream();
        await problem.WriteAsync(context);
        Assert.Equal((503, "2"), (context.Response.StatusCode, context.Response.Headers.RetryAfter.ToString()));
        Assert.Null(problem.Errors);
    }

    [Fact]
    public void With_none_up_an_unknown_one_is_wrong_all_the_same() => Assert.Equal(400, With().Refusal("cash")!.Status);
}
