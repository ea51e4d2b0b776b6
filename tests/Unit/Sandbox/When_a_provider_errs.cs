using CardShop.Shop.Channels;
using Xunit;

namespace CardShop.Tests.Unit.Sandbox;

/// <summary>Faults that are the same for every provider, shown with Alipay.</summary>
public sealed class When_a_provider_errs
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_notification_is_sent_several_times_at_once()
    {
        await using var host = await SandboxHost.StartAsync();
        var request = await CreateAsync(host);
        await host.PostAsync("/control/faults", new { kind = "duplicate-notify", copies = 4 });

        await host.PayAsync(request.Number);

        var first = await host.NextNotificationAsync();
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(first, await host.NextNotificationAsync());
        }

        var trade = await host.TradeWhenAsync(request.Number, one => one.GetProperty("deliveries").GetInt32() >= 4);
        Assert.Equal(4, trade.GetProperty("deliveries").GetInt32());
        Assert.Equal(1, trade.GetProperty("acknowledged").GetInt32());
    }

    [Fact]
    public async Task A_refund_is_notified_before_its_payment()
    {
        await using var host = await SandboxHost.StartAsync();
        var request = await CreateAsync(host);
        await host.PostAsync("/control/faults", new { kind = "reorder-notify", milliseconds = 60_000 });

        await host.PayAsync(request.Number);
        await host.TradeWhenAsync(request.Number, one => one.GetProperty("notifications").GetInt32() == 1);
        await FaultsTakenAsync(host);
        await host.Channel.RefundAsync(Refund(request), Token);

        Assert.Equal(1000, (await host.NextNotificationAsync()).Trade!.RefundedMinor);
        Assert.Equal(0, (await host.NextNotificationAsync()).Trade!.RefundedMinor);
        var trade = await host.TradeWhenAsync(request.Number, one => one.GetProperty("acknowledged").GetInt32() == 2);
        Assert.Equal(2, trade.GetProperty("deliveries").GetInt32());
    }

    [Fact]
    public async Task A_held_notification_is_sent_though_no_newer_one_comes()
    {
        await using var host = await SandboxHost.StartAsync();
        var request = await CreateAsync(host);
        await host.PostAsync("/control/faults", new { kind = "reorder-notify", milliseconds = 20 });

        await host.PayAsync(request.Number);

        Assert.Equal(request.Number, (await host.NextNotificationAsync()).Trade!.Number);
    }

    [Fact]
    public async Task Money_arrives_after_a_close_that_succeeded()
    {
        await using var host = await SandboxHost.StartAsync();
        var request = await CreateAsync(host);
        await host.PostAsync($"/control/trades/{request.Number}/scan");
        await host.PostAsync("/control/faults", new { kind = "late-success" });

        Assert.Equal(ChannelResult.Done, (await host.Channel.CloseAsync(request, Token)).Result);

        Assert.Equal(TradeStatus.Paid, (await host.NextNotificationAsync()).Trade!.Status);
        Assert.Equal(TradeStatus.Paid, (await host.Channel.QueryAsync(request, Token)).Trade!.Status);
    }

    [Fact]
    public async Task A_buyer_gets_through_to_a_closed_trade()
    {
        await using var host = await SandboxHost.StartAsync();
        var request = await CreateAsync(host);
        await host.PostAsync($"/control/trades/{request.Number}/scan");
        await host.Channel.CloseAsync(request, Token);
        Assert.Equal(409, await host.PayAsync(request.Number));

        await host.PostAsync("/control/faults", new { kind = "late-success" });

        Assert.Equal(200, await host.PayAsync(request.Number));
        Assert.Equal(TradeStatus.Paid, (await host.NextNotificationAsync()).Trade!.Status);
    }

    [Fact]
    public async Task The_control_interface_pays_late()
    {
        await using var host = await SandboxHost.StartAsync();
        var request = await CreateAsync(host);
        await host.PostAsync($"/control/trades/{request.Number}/scan");
        await host.Channel.CloseAsync(request, Token);

        var paid = await host.PostAsync($"/control/trades/{request.Number}/pay-late");

        Assert.Equal("paid", paid.GetProperty("state").GetString());
        Assert.Equal(TradeStatus.Paid, (await host.NextNotificationAsync()).Trade!.Status);
        using var again = await host.Http.PostAsync($"/control/trades/{request.Number}/pay-late", null, Token);
        using var unknown = await host.Http.PostAsync("/control/trades/UNKNOWN/pay-late", null, Token);
        Assert.Equal((409, 404), ((int)again.StatusCode, (int)unknown.StatusCode));
    }

    [Fact]
    public async Task A_fault_of_one_trade_befalls_no_other()
    {
        await using var host = await SandboxHost.StartAsync();
        var spared = await CreateAsync(host);
        var hit = await CreateAsync(host);
        await host.PostAsync($"/control/trades/{spared.Number}/scan");
        await host.PostAsync($"/control/trades/{hit.Number}/scan");
        await host.PostAsync("/control/faults", new { kind = "unknown-state", method = "query", number = hit.Number });
        await host.PostAsync("/control/faults", new { kind = "unknown-state", method = "refund", number = hit.Number });
        await host.PostAsync("/control/faults", new { kind = "late-success", number = hit.Number });

        Assert.Equal(ChannelResult.Done, (await host.Channel.QueryAsync(spared, Token)).Result);
        Assert.Equal(ChannelResult.Unknown, (await host.Channel.QueryAsync(hit, Token)).Result);
        Assert.Equal(ChannelResult.Done, (await host.Channel.CloseAsync(spared, Token)).Result);
        Assert.Equal(ChannelResult.Done, (await host.Channel.CloseAsync(hit, Token)).Result);
        Assert.Equal(hit.Number, (await host.NextNotificationAsync()).Trade!.Number);
        Assert.Equal(ChannelResult.Unknown, (await host.Channel.RefundAsync(Refund(hit), Token)).Result);
    }

    [Fact]
    public async Task A_mixed_up_notification_names_the_trade_that_it_is_told_to()
    {
        await using var host = await SandboxHost.StartAsync();
        var victim = await CreateAsync(host);
        var request = await CreateAsync(host);
        await CreateAsync(host);
        await host.PostAsync(
            "/control/faults",
            new { kind = "other-order", method = "notify", number = request.Number, other = victim.Number });

        await host.PayAsync(request.Number);

        Assert.Equal(victim.Number, (await host.NextNotificationAsync()).Trade!.Number);
    }

    [Fact]
    public async Task A_state_is_unknown_once_and_known_afterwards()
    {
        await using var host = await SandboxHost.StartAsync();
        var request = await CreateAsync(host);
        await host.PayAsync(request.Number);
        await host.PostAsync("/control/faults", new { kind = "unknown-state", times = 2 });

        Assert.Equal(ChannelResult.Unknown, (await host.Channel.QueryAsync(request, Token)).Result);
        Assert.Equal(ChannelResult.Unknown, (await host.Channel.RefundAsync(Refund(request), Token)).Result);

        Assert.Equal(TradeStatus.Paid, (await host.Channel.QueryAsync(request, Token)).Trade!.Status);
        Assert.Equal(ChannelResult.Done, (await host.Channel.RefundAsync(Refund(request), Token)).Result);
    }

    [Fact]
    public async Task Another_orders_number_is_named()
    {
        await using var host = await SandboxHost.StartAsync("--Sandbox:ScheduleScale=0.00001");
        var other = await CreateAsync(host);
        var request = await CreateAsync(host);
        await host.PostAsync("/control/faults", new { kind = "other-order" });
        await host.PostAsync("/control/faults", new { kind = "other-order", method = "notify" });

        await host.PayAsync(request.Number);

        Assert.Equal(other.Number, (await host.NextNotificationAsync()).Trade!.Number);
        Assert.Equal(ChannelResult.Unknown, (await host.Channel.QueryAsync(request, Token)).Result);
        Assert.Equal(request.Number, (await host.Channel.QueryAsync(request, Token)).Trade!.Number);
    }

    [Fact]
    public async Task A_fault_of_another_channel_or_call_waits_on()
    {
        await using var host = await SandboxHost.StartAsync();
        await host.PostAsync("/control/faults", new { kind = "status", channel = "wechat" });
        await host.PostAsync("/control/faults", new { kind = "status", channel = "alipay", method = "refund" });
        await host.PostAsync("/control/faults", new { kind = "wrong-amount" });

        Assert.Equal(ChannelResult.Done, (await host.Channel.CreateAsync(SandboxHost.Request(), Token)).Result);

        Assert.Equal(3, (await host.GetAsync("/control/faults")).GetArrayLength());
    }

    private static async Task<PaymentRequest> CreateAsync(SandboxHost host)
    {
        var request = SandboxHost.Request();
        Assert.Equal(ChannelResult.Done, (await host.Channel.CreateAsync(request, Token)).Result);
        return request;
    }

    private static RefundRequest Refund(PaymentRequest request) =>
        new(request, request.Number + "R1", 1000, "sold out", request.OpenedAt, null);

    private static async Task FaultsTakenAsync(SandboxHost host)
    {
        while ((await host.GetAsync("/control/stats")).GetProperty("faults").GetInt32() > 0)
        {
            await Task.Delay(10, Token);
        }
    }
}
