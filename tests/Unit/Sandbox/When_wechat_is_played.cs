using System.Net;
using System.Text;
using CardShop.Shop.Channels;
using CardShop.Shop.Channels.WeChat;
using Xunit;

namespace CardShop.Tests.Unit.Sandbox;

/// <summary>The shop's channel and the sandbox, over real HTTP.</summary>
public sealed class When_wechat_is_played
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_payment_goes_from_create_over_notify_to_refund()
    {
        await using var host = await SandboxHost.StartAsync();
        var request = SandboxHost.Request();

        var created = await host.WeChat.CreateAsync(request, Token);
        Assert.Equal(ChannelResult.Done, created.Result);
        Assert.Equal(new Uri(host.Http.BaseAddress!, "/pay/" + request.Number).ToString(), created.Link);
        Assert.Equal(created.Link, created.Qr);
        Assert.Equal(created, await host.WeChat.CreateAsync(request, Token));
        Assert.Equal(TradeStatus.Waiting, (await host.WeChat.QueryAsync(request, Token)).Trade!.Status);

        await host.Http.GetStringAsync(SandboxHost.At(created.Link!), Token);
        Assert.Equal(TradeStatus.Waiting, (await host.WeChat.QueryAsync(request, Token)).Trade!.Status);

        Assert.Equal(200, await host.PayAsync(request.Number));
        Assert.Equal(200, await host.PayAsync(request.Number));
        var paid = await host.NextNotificationAsync();
        Assert.Null(paid.Refusal);
        Assert.Null(paid.Refund);
        Assert.Equal(("main", "1900000001"), (paid.Profile, paid.MerchantId));
        Assert.Equal(paid.Trade, (await host.WeChat.QueryAsync(request, Token)).Trade);
        Assert.Equal((TradeStatus.Paid, 5000), (paid.Trade!.Status, paid.Trade.AmountMinor));
        Assert.Equal(
            (ChannelResult.WrongState, "ORDERPAID"), Told(await host.WeChat.CloseAsync(request, Token)));
        Assert.Equal(
            (ChannelResult.WrongState, "ORDERPAID"), Told(await host.WeChat.CreateAsync(request, Token)));
    }

    [Fact]
    public async Task A_refund_is_accepted_first_then_done_and_notified_each_number_once()
    {
        await using var host = await SandboxHost.StartAsync();
        var request = await PaidAsync(host);
        var part = Refund(request, "R1", 2000);

        Assert.Equal((ChannelResult.Unknown, "REFUND_PROCESSING"), Told(await host.WeChat.RefundAsync(part, Token)));
        var notified = await host.NextNotificationAsync();
        Assert.Equal(new ProviderRefund(part.RefundNumber, true, 2000, "SUCCESS"), notified.Refund);
        Assert.Equal((request.Number, 5000), (notified.Trade!.Number, notified.Trade.AmountMinor));
        var done = await host.WeChat.RefundAsync(part, Token);
        Assert.Equal((ChannelResult.Done, 2000), (done.Result, done.Trade!.RefundedMinor));

        var other = await host.WeChat.RefundAsync(part with { AmountMinor = 1 }, Token);
        Assert.Equal((ChannelResult.Refused, "INVALID_REQUEST"), Told(other));
        var tooMuch = await host.WeChat.RefundAsync(Refund(request, "R3", 3001), Token);
        Assert.Equal((ChannelResult.Refused, "INVALID_REQUEST"), Told(tooMuch));

        var rest = Refund(request, "R2", 3000);
        await host.WeChat.RefundAsync(rest, Token);
        Assert.Equal(3000, (await host.NextNotificationAsync()).Refund!.AmountMinor);
        Assert.Equal(ChannelResult.Done, (await host.WeChat.RefundAsync(rest, Token)).Result);
        var trade = await host.TradeWhenAsync(request.Number, one => one.GetProperty("acknowledged").GetInt32() == 3);
        Assert.Equal(5000, trade.GetProperty("refundedMinor").GetInt32());
        Assert.Equal("closed", trade.GetProperty("state").GetString());
        Assert.Equal(TradeStatus.Paid, (await host.WeChat.QueryAsync(request, Token)).Trade!.Status);
    }

    [Fact]
    public async Task A_whole_refund_closes_the_payment()
    {
        await using var host = await SandboxHost.StartAsync();
        var request = await PaidAsync(host);
        await host.WeChat.RefundAsync(Refund(request, "R1", 5000), Token);

        var notified = await host.NextNotificationAsync();

        Assert.Equal((TradeStatus.Closed, 5000), (notified.Trade!.Status, notified.Trade.RefundedMinor));
    }

    [Fact]
    public async Task An_unpaid_trade_can_be_closed_and_is_not_payable_any_more()
    {
        await using var host = await SandboxHost.StartAsync();
        var request = SandboxHost.Request();
        Assert.Equal(ChannelResult.NotFound, (await host.WeChat.QueryAsync(request, Token)).Result);
        Assert.Equal(ChannelResult.NotFound, (await host.WeChat.CloseAsync(request, Token)).Result);
        Assert.Equal(
            (ChannelResult.NotFound, "RESOURCE_NOT_EXISTS"),
            Told(await host.WeChat.RefundAsync(Refund(request, "R1", 1), Token)));
        await host.WeChat.CreateAsync(request, Token);
        Assert.Equal(
            (ChannelResult.Refused, "TRADE_ERROR"),
            Told(await host.WeChat.RefundAsync(Refund(request, "R1", 1), Token)));

        var closed = await host.WeChat.CloseAsync(request, Token);

        Assert.Equal((ChannelResult.Done, TradeStatus.Closed), (closed.Result, closed.Trade!.Status));
        Assert.Equal(ChannelResult.Done, (await host.WeChat.CloseAsync(request, Token)).Result);
        Assert.Equal(409, await host.PayAsync(request.Number));
        Assert.Equal(
            (ChannelResult.WrongState, "ORDER_CLOSED"), Told(await host.WeChat.CreateAsync(request, Token)));
    }

    [Fact]
    public async Task Another_content_under_the_same_number_is_refused()
    {
        await using var host = await SandboxHost.StartAsync();
        var request = SandboxHost.Request();
        await host.WeChat.CreateAsync(request, Token);

        var answer = await host.WeChat.CreateAsync(request with { Subject = "other" }, Token);

        Assert.Equal((ChannelResult.Refused, "INVALID_REQUEST"), Told(answer));
    }

    [Fact]
    public async Task A_trade_of_another_channel_is_unknown_here()
    {
        await using var host = await SandboxHost.StartAsync();
        var request = SandboxHost.Request();
        await host.Channel.CreateAsync(request, Token);
        await host.PayAsync(request.Number);

        Assert.Equal(ChannelResult.NotFound, (await host.WeChat.QueryAsync(request, Token)).Result);
        Assert.Equal(ChannelResult.NotFound, (await host.WeChat.RefundAsync(Refund(request, "R1", 1), Token)).Result);
    }

    [Fact]
    public async Task A_notification_is_repeated_until_it_is_acknowledged_and_given_up_after_sixteen_deliveries()
    {
        await using var host = await SandboxHost.StartAsync(
            "--Sandbox:ScheduleScale=0.000001", "--Sandbox:NotifyWorkers=1");
        host.FailNotifications(3);
        var first = SandboxHost.Request();
        await host.WeChat.CreateAsync(first, Token);
        await host.PayAsync(first.Number);
        var ids = new List<string>();
        for (var i = 0; i < 4; i++)
        {
            ids.Add((await host.NextNotificationAsync()).NotifyId);
        }

        await host.TradeWhenAsync(first.Number, one => one.GetProperty("acknowledged").GetInt32() == 1);
        Assert.Single(ids.Distinct());

        // The third goes through the whole schedule after the second: time enough for one delivery too many.
        host.FailNotifications(int.MaxValue);
        var second = SandboxHost.Request();
        foreach (var request in (PaymentRequest[])[second, SandboxHost.Request()])
        {
            await host.WeChat.CreateAsync(request, Token);
            await host.PayAsync(request.Number);
            await host.TradeWhenAsync(request.Number, one => one.GetProperty("deliveries").GetInt32() >= 16);
        }

        var trade = await host.GetAsync("/control/trades/" + second.Number);
        Assert.Equal(16, trade.GetProperty("deliveries").GetInt32());
    }

    [Fact]
    public async Task Auto_pay_pays_what_was_created()
    {
        await using var host = await SandboxHost.StartAsync("--Sandbox:AutoPay=true");
        var request = SandboxHost.Request();
        await host.PostAsync("/control/faults", new { kind = "drop-after", channel = "wechat" });

        Assert.Equal(ChannelResult.Unknown, (await host.WeChat.CreateAsync(request, Token)).Result);

        Assert.Equal(request.Number, (await host.NextNotificationAsync()).Trade!.Number);
    }

    [Theory]
    [InlineData("drop-before", false, "HTTP_FAILED")]
    [InlineData("drop-after", true, "HTTP_FAILED")]
    [InlineData("timeout-before", false, "HTTP_FAILED")]
    [InlineData("timeout-after", true, "HTTP_FAILED")]
    [InlineData("status", false, "HTTP_503")]
    [InlineData("forged-signature", true, "SIGNATURE_WRONG")]
    public async Task A_fault_leaves_the_call_unknown_and_the_repeat_finds_out(string kind, bool wasDone, string code)
    {
        await using var host = await SandboxHost.StartAsync();
        var request = SandboxHost.Request();
        await host.PostAsync(
            "/control/faults", new { kind, channel = "wechat", method = "create", milliseconds = 50 });

        var answer = await host.WeChat.CreateAsync(request, Token);

        Assert.Equal((ChannelResult.Unknown, code), Told(answer));
        Assert.Equal(wasDone ? 1 : 0, (await host.GetAsync("/control/stats")).GetProperty("trades").GetInt32());
        Assert.Equal(ChannelResult.Done, (await host.WeChat.CreateAsync(request, Token)).Result);
    }

    [Fact]
    public async Task A_delayed_call_is_done()
    {
        await using var host = await SandboxHost.StartAsync();
        await host.PostAsync("/control/faults", new { kind = "delay", milliseconds = 20 });

        Assert.Equal(ChannelResult.Done, (await host.WeChat.CreateAsync(SandboxHost.Request(), Token)).Result);
    }

    [Fact]
    public async Task Lies_about_amount_number_and_state_are_properly_signed()
    {
        await using var host = await SandboxHost.StartAsync("--Sandbox:ScheduleScale=0.00001");
        var other = SandboxHost.Request();
        await host.Channel.CreateAsync(other, Token);
        var request = SandboxHost.Request();
        await host.WeChat.CreateAsync(request, Token);
        await host.PostAsync("/control/faults", new { kind = "wrong-amount", method = "notify", channel = "wechat" });
        await host.PostAsync("/control/faults", new { kind = "other-order", method = "notify", channel = "wechat" });
        host.FailNotifications(1);

        await host.PayAsync(request.Number);
        Assert.Equal((5001, request.Number), Amount((await host.NextNotificationAsync()).Trade!));
        Assert.Equal((5000, other.Number), Amount((await host.NextNotificationAsync()).Trade!));

        foreach (var kind in (string[])["wrong-amount", "other-order", "unknown-state"])
        {
            await host.PostAsync("/control/faults", new { kind, method = "query" });
        }

        Assert.Equal(5001, (await host.WeChat.QueryAsync(request, Token)).Trade!.AmountMinor);
        Assert.Equal(
            (ChannelResult.Unknown, "ANSWER_UNREADABLE"), Told(await host.WeChat.QueryAsync(request, Token)));
        Assert.Equal((ChannelResult.Unknown, "USERPAYING"), Told(await host.WeChat.QueryAsync(request, Token)));
        Assert.Equal((5000, request.Number), Amount((await host.WeChat.QueryAsync(request, Token)).Trade!));
    }

    [Fact]
    public async Task A_refund_stays_under_way_while_its_state_is_unknown()
    {
        await using var host = await SandboxHost.StartAsync();
        var request = await PaidAsync(host);
        var refund = Refund(request, "R1", 1000);
        await host.PostAsync("/control/faults", new { kind = "unknown-state", times = 2 });

        Assert.Equal("REFUND_PROCESSING", (await host.WeChat.RefundAsync(refund, Token)).Code);
        Assert.Equal("REFUND_PROCESSING", (await host.WeChat.RefundAsync(refund, Token)).Code);
        Assert.Equal(ChannelResult.Done, (await host.WeChat.RefundAsync(refund, Token)).Result);
    }

    [Fact]
    public async Task A_forged_notification_is_refused_and_repeated_genuinely()
    {
        await using var host = await SandboxHost.StartAsync("--Sandbox:ScheduleScale=0.00001");
        var request = SandboxHost.Request();
        await host.WeChat.CreateAsync(request, Token);
        await host.PostAsync("/control/faults", new { kind = "forged-signature", method = "notify" });

        await host.PayAsync(request.Number);

        Assert.Equal("the signature does not fit", (await host.NextNotificationAsync()).Refusal);
        Assert.Null((await host.NextNotificationAsync()).Refusal);
    }

    [Fact]
    public async Task Notifications_come_doubled_and_in_the_wrong_order()
    {
        await using var host = await SandboxHost.StartAsync();
        var request = SandboxHost.Request();
        await host.WeChat.CreateAsync(request, Token);
        await host.PostAsync("/control/faults", new { kind = "reorder-notify", channel = "wechat", milliseconds = 60_000 });
        await host.PostAsync("/control/faults", new { kind = "duplicate-notify", channel = "wechat", copies = 2 });

        await host.PayAsync(request.Number);
        await FaultsLeftAsync(host, 1);
        await host.WeChat.RefundAsync(Refund(request, "R1", 1000), Token);

        Assert.NotNull((await host.NextNotificationAsync()).Refund);
        Assert.NotNull((await host.NextNotificationAsync()).Refund);
        Assert.Null((await host.NextNotificationAsync()).Refund);
    }

    [Fact]
    public async Task Money_arrives_after_a_close()
    {
        await using var host = await SandboxHost.StartAsync();
        var request = SandboxHost.Request();
        await host.WeChat.CreateAsync(request, Token);
        await host.PostAsync("/control/faults", new { kind = "late-success", channel = "wechat" });

        // The query that follows the close sees the trade before or after the money came.
        Assert.Contains(
            (await host.WeChat.CloseAsync(request, Token)).Result,
            (ChannelResult[])[ChannelResult.Done, ChannelResult.WrongState]);

        Assert.Equal(TradeStatus.Paid, (await host.NextNotificationAsync()).Trade!.Status);
        Assert.Equal(TradeStatus.Paid, (await host.WeChat.QueryAsync(request, Token)).Trade!.Status);
    }

    [Theory]
    [InlineData("", 401, "SIGN_ERROR")]
    [InlineData("WECHATPAY2-SHA256-RSA2048 mchid=\"1900000001\"", 401, "SIGN_ERROR")]
    [InlineData("{0}", 200, "code_url")]
    [InlineData("{0}x", 401, "SIGN_ERROR")]
    public async Task A_request_must_be_signed_by_the_merchant(string authorization, int status, string contains)
    {
        await using var host = await SandboxHost.StartAsync();
        var request = SandboxHost.Request();
        using var answer = await SendAsync(
            host, Body(request, host.ShopUrl), genuine => authorization.Replace("{0}", genuine, StringComparison.Ordinal));

        Assert.Equal(status, (int)answer.StatusCode);
        Assert.Contains(contains, await answer.Content.ReadAsStringAsync(Token), StringComparison.Ordinal);
        Assert.Equal(status == 200, answer.Headers.Contains(WeChatHeaders.Signature));
    }

    [Theory]
    [InlineData("\"total\":1", "\"total\":\"1\"", 400, "PARAM_ERROR")]
    [InlineData("\"total\":1", "\"total\":0", 400, "PARAM_ERROR")]
    [InlineData("wx0000000000000001", "wx0000000000000002", 400, "APPID_MCHID_NOT_MATCH")]
    [InlineData("/notify\"", "/notify?x=1\"", 400, "PARAM_ERROR")]
    [InlineData("{", "", 400, "PARAM_ERROR")]
    public async Task A_wrong_content_gets_a_signed_error(string what, string with, int status, string code)
    {
        await using var host = await SandboxHost.StartAsync();
        using var answer = await SendAsync(
            host, Body(SandboxHost.Request(), host.ShopUrl).Replace(what, with, StringComparison.Ordinal), one => one);

        Assert.Equal(status, (int)answer.StatusCode);
        Assert.Contains(code, await answer.Content.ReadAsStringAsync(Token), StringComparison.Ordinal);
        Assert.True(answer.Headers.Contains(WeChatHeaders.Signature));
    }

    [Fact]
    public async Task A_key_that_the_provider_does_not_have_is_a_system_error()
    {
        await using var host = await SandboxHost.StartAsync();
        using var answer = await SendAsync(
            host, Body(SandboxHost.Request(), host.ShopUrl), one => one, serial: "PUB_KEY_ID_0");

        Assert.Equal(HttpStatusCode.InternalServerError, answer.StatusCode);
        Assert.Contains("SYSTEM_ERROR", await answer.Content.ReadAsStringAsync(Token), StringComparison.Ordinal);
    }

    private static async Task<PaymentRequest> PaidAsync(SandboxHost host)
    {
        var request = SandboxHost.Request();
        Assert.Equal(ChannelResult.Done, (await host.WeChat.CreateAsync(request, Token)).Result);
        await host.PayAsync(request.Number);
        Assert.Null((await host.NextNotificationAsync()).Refusal);
        return request;
    }

    private static RefundRequest Refund(PaymentRequest request, string suffix, long amount) =>
        new(request, request.Number + suffix, amount, "卡密 sold out", request.OpenedAt, null);

    private static (ChannelResult, string?) Told(ChannelAnswer answer) => (answer.Result, answer.Code);

    private static (long, string) Amount(ProviderTrade trade) => (trade.AmountMinor, trade.Number);

    private static async Task FaultsLeftAsync(SandboxHost host, int left)
    {
        while ((await host.GetAsync("/control/stats")).GetProperty("faults").GetInt32() > left)
        {
            await Task.Delay(10, Token);
        }
    }

    private static string Body(PaymentRequest request, string shop) =>
        "{\"appid\":\"wx0000000000000001\",\"mchid\":\"1900000001\",\"description\":\"x\",\"out_trade_no\":\""
        + request.Number + "\",\"notify_url\":\"" + shop + "/notify\",\"amount\":{\"total\":1}}";

    /// <summary>A native call, signed as the merchant does; then its authorization is changed.</summary>
    private static async Task<HttpResponseMessage> SendAsync(
        SandboxHost host, string body, Func<string, string> authorization, string? serial = null)
    {
        const string Path = "/wechat/v3/pay/transactions/native";
        var timestamp = WeChatSignature.Timestamp(DateTimeOffset.UtcNow);
        var signature = WeChatSignature.Sign(
            Channels.FakeGateway.Key,
            WeChatSignature.OfRequest("POST", Path, timestamp, "n", Encoding.UTF8.GetBytes(body)));
        using var request = new HttpRequestMessage(HttpMethod.Post, Path)
        {
            Content = new StringContent(body, Encoding.UTF8, "application/json"),
        };
        request.Headers.TryAddWithoutValidation("Authorization", authorization(WeChatSignature.Authorization(
            "1900000001", "n", signature, timestamp, "5A0D0B0C00000000000000000000000000000001")));
        if (serial is not null)
        {
            request.Headers.Add(WeChatHeaders.Serial, serial);
        }

        return await host.Http.SendAsync(request, Token);
    }
}
