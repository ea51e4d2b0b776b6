using CardShop.Shop.Channels;
using Xunit;

namespace CardShop.Tests.Unit.Sandbox;

/// <summary>Every kind of fault, as UnionPay has it.</summary>
public sealed class When_unionpay_errs
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("drop-before", false, "HTTP_FAILED")]
    [InlineData("drop-after", true, "HTTP_FAILED")]
    [InlineData("timeout-before", false, "HTTP_FAILED")]
    [InlineData("timeout-after", true, "HTTP_FAILED")]
    [InlineData("status", false, "HTTP_503")]
    [InlineData("forged-signature", true, "SIGNATURE_WRONG")]
    public async Task A_lost_create_is_unknown_and_its_repeat_says_whether_it_was_done(
        string kind, bool wasDone, string code)
    {
        await using var host = await UnionPayHost.StartAsync();
        var request = SandboxHost.Request();
        await FaultAsync(host, new { kind, channel = "unionpay", method = "create", milliseconds = 50 });

        var answer = await host.Channel.CreateAsync(request, Token);
        var repeated = await host.Channel.CreateAsync(request, Token);

        Assert.Equal((ChannelResult.Unknown, code), (answer.Result, answer.Code));
        Assert.Equal(wasDone ? ChannelResult.WrongState : ChannelResult.Done, repeated.Result);
        Assert.Equal(1, (await host.Sandbox.GetAsync("/control/stats")).GetProperty("trades").GetInt32());
    }

    [Theory]
    [InlineData("drop-before", "refund")]
    [InlineData("drop-after", "refund")]
    [InlineData("timeout-after", "refund")]
    [InlineData("status", "refund")]
    [InlineData("forged-signature", "refund")]
    [InlineData("unknown-state", "refund")]
    [InlineData("other-order", "refund")]
    [InlineData("drop-after", "refund-query")]
    [InlineData("unknown-state", "refund-query")]
    [InlineData("forged-signature", "refund-query")]
    [InlineData("other-order", "refund-query")]
    public async Task A_refund_is_unknown_and_its_repeat_finds_that_it_was_done_once(string kind, string method)
    {
        await using var host = await UnionPayHost.StartAsync();
        var request = await PaidAsync(host);
        await FaultAsync(host, new { kind, method, milliseconds = 50 });

        Assert.Equal(ChannelResult.Unknown, (await host.Channel.RefundAsync(Refund(request), Token)).Result);
        Assert.Equal(ChannelResult.Done, (await host.Channel.RefundAsync(Refund(request), Token)).Result);

        var trade = await host.Sandbox.GetAsync("/control/trades/" + request.Number);
        Assert.Equal(1000, trade.GetProperty("refundedMinor").GetInt64());
    }

    [Fact]
    public async Task A_delayed_call_is_done()
    {
        await using var host = await UnionPayHost.StartAsync();
        await FaultAsync(host, new { kind = "delay", milliseconds = 20 });

        Assert.Equal(ChannelResult.Done, (await host.Channel.CreateAsync(SandboxHost.Request(), Token)).Result);
    }

    [Fact]
    public async Task A_wrong_amount_is_told_by_query_notification_and_refund()
    {
        await using var host = await UnionPayHost.StartAsync();
        var request = SandboxHost.Request();
        await host.Channel.CreateAsync(request, Token);
        await FaultAsync(host, new { kind = "wrong-amount", method = "notify" });
        await FaultAsync(host, new { kind = "wrong-amount", method = "query" });
        await FaultAsync(host, new { kind = "wrong-amount", method = "refund-query" });

        await host.Sandbox.PayAsync(request.Number);

        Assert.Equal(5001, (await host.NextNotificationAsync()).Trade!.AmountMinor);
        Assert.Equal(5001, (await host.Channel.QueryAsync(request, Token)).Trade!.AmountMinor);
        Assert.Equal(5000, (await host.Channel.QueryAsync(request, Token)).Trade!.AmountMinor);
        var refund = await host.Channel.RefundAsync(Refund(request), Token);
        Assert.Equal((ChannelResult.Unknown, "REFUND_AMOUNT_DIFFERS"), (refund.Result, refund.Code));
        Assert.Equal(1000, (await host.NextNotificationAsync()).Refund!.AmountMinor);
    }

    [Fact]
    public async Task A_forged_notification_is_refused_and_repeated_genuinely()
    {
        await using var host = await UnionPayHost.StartAsync("qr", "--Sandbox:ScheduleScale=0.00001");
        var request = SandboxHost.Request();
        await host.Channel.CreateAsync(request, Token);
        await FaultAsync(host, new { kind = "forged-signature", method = "notify" });

        await host.Sandbox.PayAsync(request.Number);

        Assert.Equal("the signature does not fit", (await host.NextNotificationAsync()).Refusal);
        Assert.Null((await host.NextNotificationAsync()).Refusal);
    }

    [Fact]
    public async Task A_notification_is_sent_several_times_at_once()
    {
        await using var host = await UnionPayHost.StartAsync();
        var request = SandboxHost.Request();
        await host.Channel.CreateAsync(request, Token);
        await FaultAsync(host, new { kind = "duplicate-notify", copies = 4 });

        await host.Sandbox.PayAsync(request.Number);

        var first = await host.NextNotificationAsync();
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(first, await host.NextNotificationAsync());
        }
    }

    [Fact]
    public async Task A_refund_is_notified_before_its_payment()
    {
        await using var host = await UnionPayHost.StartAsync();
        var request = SandboxHost.Request();
        await host.Channel.CreateAsync(request, Token);
        await FaultAsync(host, new { kind = "reorder-notify", milliseconds = 60_000 });
        await host.Sandbox.PayAsync(request.Number);
        await FaultsTakenAsync(host);

        await host.Channel.RefundAsync(Refund(request), Token);

        Assert.NotNull((await host.NextNotificationAsync()).Refund);
        Assert.Null((await host.NextNotificationAsync()).Refund);
    }

    [Fact]
    public async Task A_state_is_unknown_once_and_known_afterwards()
    {
        await using var host = await UnionPayHost.StartAsync();
        var request = await PaidAsync(host);
        await FaultAsync(host, new { kind = "unknown-state" });

        var answer = await host.Channel.QueryAsync(request, Token);

        Assert.Equal((ChannelResult.Unknown, "04"), (answer.Result, answer.Code));
        Assert.Equal(TradeStatus.Paid, (await host.Channel.QueryAsync(request, Token)).Trade!.Status);
    }

    [Fact]
    public async Task Another_orders_number_is_named()
    {
        await using var host = await UnionPayHost.StartAsync();
        var other = SandboxHost.Request();
        await host.Sandbox.Channel.CreateAsync(other, Token);
        var request = SandboxHost.Request();
        await host.Channel.CreateAsync(request, Token);
        await FaultAsync(host, new { kind = "other-order", channel = "unionpay", method = "query" });
        await FaultAsync(host, new { kind = "other-order", channel = "unionpay", method = "notify", times = 2 });

        await host.Sandbox.PayAsync(request.Number);

        Assert.Equal(other.Number, (await host.NextNotificationAsync()).Trade!.Number);
        Assert.Equal(ChannelResult.Unknown, (await host.Channel.QueryAsync(request, Token)).Result);
        Assert.Equal(request.Number, (await host.Channel.QueryAsync(request, Token)).Trade!.Number);
        await host.Channel.RefundAsync(Refund(request), Token);
        Assert.Equal(other.Number, (await host.NextNotificationAsync()).Trade!.Number);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Money_arrives_after_the_end_of_the_payments_time(bool byTheBuyer)
    {
        await using var host = await UnionPayHost.StartAsync();
        var request = SandboxHost.Request() with { ExpiresAt = DateTimeOffset.UtcNow.AddSeconds(2) };
        Assert.Equal(ChannelResult.Done, (await host.Channel.CreateAsync(request, Token)).Result);
        await FaultAsync(host, new { kind = "late-success", method = byTheBuyer ? "pay" : "close" });

        // Both sides must be past it: a close that the shop holds for too early would take the fault along.
        while (DateTimeOffset.UtcNow < request.ExpiresAt)
        {
            await Task.Delay(20, Token);
        }

        Assert.Equal(ChannelResult.Done, (await host.Channel.CloseAsync(request, Token)).Result);
        if (byTheBuyer)
        {
            Assert.Equal(200, await host.Sandbox.PayAsync(request.Number));
        }

        Assert.Equal(TradeStatus.Paid, (await host.NextNotificationAsync()).Trade!.Status);
        Assert.Equal(TradeStatus.Paid, (await host.Channel.QueryAsync(request, Token)).Trade!.Status);
    }

    private static async Task<PaymentRequest> PaidAsync(UnionPayHost host)
    {
        var request = SandboxHost.Request();
        Assert.Equal(ChannelResult.Done, (await host.Channel.CreateAsync(request, Token)).Result);
        Assert.Equal(200, await host.Sandbox.PayAsync(request.Number));
        Assert.Null((await host.NextNotificationAsync()).Refusal);
        return request;
    }

    private static RefundRequest Refund(PaymentRequest request) =>
        new(request, request.Number + "R1", 1000, "sold out", request.OpenedAt, null);

    private static Task FaultAsync(UnionPayHost host, object fault) => host.Sandbox.PostAsync("/control/faults", fault);

    private static async Task FaultsTakenAsync(UnionPayHost host)
    {
        while ((await host.Sandbox.GetAsync("/control/stats")).GetProperty("faults").GetInt32() > 0)
        {
            await Task.Delay(10, Token);
        }
    }
}
