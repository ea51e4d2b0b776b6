using System.Net;
using CardShop.Shop.Channels;
using CardShop.Shop.Channels.Alipay;
using Xunit;

namespace CardShop.Tests.Unit.Sandbox;

/// <summary>The shop's channel and the sandbox, over real HTTP.</summary>
public sealed class When_alipay_is_played
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_payment_goes_from_create_over_notify_to_refund()
    {
        await using var host = await SandboxHost.StartAsync();
        var request = SandboxHost.Request();

        var created = await host.Channel.CreateAsync(request, Token);
        Assert.Equal(ChannelResult.Done, created.Result);
        Assert.Equal(new Uri(host.Http.BaseAddress!, "/pay/" + request.Number).ToString(), created.Link);
        Assert.Equal(created, await host.Channel.CreateAsync(request, Token));
        Assert.Equal(ChannelResult.NotFound, (await host.Channel.QueryAsync(request, Token)).Result);
        Assert.Equal(ChannelResult.NotFound, (await host.Channel.CloseAsync(request, Token)).Result);

        await host.Http.GetStringAsync(SandboxHost.At(created.Link!), Token);
        Assert.Equal(TradeStatus.Waiting, (await host.Channel.QueryAsync(request, Token)).Trade!.Status);

        Assert.Equal(200, await host.PayAsync(request.Number));
        Assert.Equal(200, await host.PayAsync(request.Number));
        var paid = await host.NextNotificationAsync();
        Assert.Null(paid.Refusal);
        Assert.Equal(("main", "2088000000000001"), (paid.Profile, paid.MerchantId));
        var queried = (await host.Channel.QueryAsync(request, Token)).Trade;
        Assert.Equal(paid.Trade, queried);
        Assert.Equal((TradeStatus.Paid, 5000), (queried!.Status, queried.AmountMinor));
        Assert.Equal(ChannelResult.WrongState, (await host.Channel.CloseAsync(request, Token)).Result);
        Assert.Equal(ChannelResult.WrongState, (await host.Channel.CreateAsync(request, Token)).Result);

        var refund = new RefundRequest(request, request.Number + "R1", 2000, "卡密 sold out", DateTimeOffset.UnixEpoch, null);
        var refunded = await host.Channel.RefundAsync(refund, Token);
        Assert.Equal((ChannelResult.Done, 2000), (refunded.Result, refunded.Trade!.RefundedMinor));
        Assert.Equal(ChannelResult.Done, (await host.Channel.RefundAsync(refund, Token)).Result);
        var other = await host.Channel.RefundAsync(refund with { AmountMinor = 1 }, Token);
        Assert.Equal(ChannelResult.Refused, other.Result);
        Assert.Equal(2000, (await host.NextNotificationAsync()).Trade!.RefundedMinor);

        var rest = await host.Channel.RefundAsync(new RefundRequest(request, request.Number + "R2", 3000, "", DateTimeOffset.UnixEpoch, null), Token);
        Assert.Equal((ChannelResult.Done, TradeStatus.Closed), (rest.Result, rest.Trade!.Status));
        var closed = await host.NextNotificationAsync();
        Assert.Equal((TradeStatus.Closed, 5000), (closed.Trade!.Status, closed.Trade.RefundedMinor));
        Assert.Equal(5000, (await host.Channel.QueryAsync(request, Token)).Trade!.RefundedMinor);
    }

    [Fact]
    public async Task A_scanned_trade_can_be_closed_and_is_not_payable_any_more()
    {
        await using var host = await SandboxHost.StartAsync();
        var request = SandboxHost.Request();
        await host.Channel.CreateAsync(request, Token);
        await host.PostAsync($"/control/trades/{request.Number}/scan");

        Assert.Equal(ChannelResult.Done, (await host.Channel.CloseAsync(request, Token)).Result);
        Assert.Equal(ChannelResult.Done, (await host.Channel.CloseAsync(request, Token)).Result);
        Assert.Equal(TradeStatus.Closed, (await host.Channel.QueryAsync(request, Token)).Trade!.Status);
        Assert.Equal(409, await host.PayAsync(request.Number));
        Assert.Equal(404, await host.PayAsync("UNKNOWN"));
        Assert.Equal(ChannelResult.WrongState, (await host.Channel.CreateAsync(request, Token)).Result);
    }

    [Fact]
    public async Task Another_content_under_the_same_number_is_refused()
    {
        await using var host = await SandboxHost.StartAsync();
        var request = SandboxHost.Request();
        await host.Channel.CreateAsync(request, Token);

        var answer = await host.Channel.CreateAsync(request with { AmountMinor = 1 }, Token);

        Assert.Equal((ChannelResult.Refused, "ACQ.CONTEXT_INCONSISTENT"), (answer.Result, answer.Code));
    }

    [Fact]
    public async Task A_notification_is_repeated_until_it_is_acknowledged_and_stays_the_same()
    {
        await using var host = await SandboxHost.StartAsync("--Sandbox:ScheduleScale=0.00001");
        host.FailNotifications(3);
        var request = SandboxHost.Request();
        await host.Channel.CreateAsync(request, Token);
        await host.PayAsync(request.Number);

        var ids = new List<string>();
        for (var i = 0; i < 4; i++)
        {
            ids.Add((await host.NextNotificationAsync()).NotifyId);
        }

        var trade = await host.TradeWhenAsync(request.Number, one => one.GetProperty("acknowledged").GetInt32() == 1);
        Assert.Single(ids.Distinct());
        Assert.Equal(4, trade.GetProperty("deliveries").GetInt32());
    }

    [Fact]
    public async Task A_notification_is_given_up_after_eight_deliveries()
    {
        await using var host = await SandboxHost.StartAsync(
            "--Sandbox:ScheduleScale=0.000001", "--Sandbox:NotifyWorkers=1");
        host.FailNotifications(int.MaxValue);
        var first = SandboxHost.Request();
        var second = SandboxHost.Request();

        // The second goes through the whole schedule after the first: time enough for one delivery too many.
        foreach (var request in (PaymentRequest[])[first, second])
        {
            await host.Channel.CreateAsync(request, Token);
            await host.PayAsync(request.Number);
            await host.TradeWhenAsync(request.Number, one => one.GetProperty("deliveries").GetInt32() >= 8);
        }

        var trade = await host.GetAsync("/control/trades/" + first.Number);
        Assert.Equal(8, trade.GetProperty("deliveries").GetInt32());
        Assert.Equal(0, trade.GetProperty("acknowledged").GetInt32());
    }

    [Fact]
    public async Task One_notification_can_be_sent_fifty_times_at_once()
    {
        await using var host = await SandboxHost.StartAsync();
        var request = SandboxHost.Request();
        await host.Channel.CreateAsync(request, Token);
        await host.PayAsync(request.Number);
        var first = await host.NextNotificationAsync();

        var result = await host.PostAsync($"/control/trades/{request.Number}/notify?times=50");

        Assert.Equal(50, result.GetProperty("sent").GetInt32());
        Assert.Equal(50, result.GetProperty("acknowledged").GetInt32());
        for (var i = 0; i < 50; i++)
        {
            Assert.Equal(first, await host.NextNotificationAsync());
        }
    }

    [Fact]
    public async Task Auto_pay_pays_what_was_created()
    {
        await using var host = await SandboxHost.StartAsync("--Sandbox:AutoPay=true");
        var requests = Enumerable.Range(0, 20).Select(_ => SandboxHost.Request()).ToList();

        await Task.WhenAll(requests.Select(one => host.Channel.CreateAsync(one, Token)));

        var paid = new HashSet<string>();
        while (paid.Count < requests.Count)
        {
            paid.Add((await host.NextNotificationAsync()).Trade!.Number);
        }

        Assert.Equal(requests.Select(one => one.Number).Order(), paid.Order());
    }

    [Fact]
    public async Task Auto_pay_pays_though_the_shop_was_cut_off_from_the_answer()
    {
        await using var host = await SandboxHost.StartAsync("--Sandbox:AutoPay=true");
        var request = SandboxHost.Request();
        await host.PostAsync("/control/faults", new { kind = "drop-after" });

        Assert.Equal(ChannelResult.Unknown, (await host.Channel.CreateAsync(request, Token)).Result);

        Assert.Equal(request.Number, (await host.NextNotificationAsync()).Trade!.Number);
        var repeated = await host.Channel.CreateAsync(request, Token);
        Assert.Equal((ChannelResult.WrongState, "ACQ.TRADE_HAS_SUCCESS"), (repeated.Result, repeated.Code));
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
            "/control/faults", new { kind, method = AlipayMethods.Precreate, milliseconds = 50 });

        var answer = await host.Channel.CreateAsync(request, Token);

        Assert.Equal((ChannelResult.Unknown, code), (answer.Result, answer.Code));
        Assert.Equal(wasDone ? 1 : 0, (await host.GetAsync("/control/stats")).GetProperty("trades").GetInt32());
        Assert.Equal(ChannelResult.Done, (await host.Channel.CreateAsync(request, Token)).Result);
    }

    [Fact]
    public async Task A_wrong_amount_is_told_by_query_and_notification()
    {
        await using var host = await SandboxHost.StartAsync();
        var request = SandboxHost.Request();
        await host.Channel.CreateAsync(request, Token);
        await host.PostAsync("/control/faults", new { kind = "wrong-amount", method = "notify" });
        await host.PostAsync("/control/faults", new { kind = "wrong-amount", method = AlipayMethods.Query });

        await host.PayAsync(request.Number);

        Assert.Equal(5001, (await host.NextNotificationAsync()).Trade!.AmountMinor);
        Assert.Equal(5001, (await host.Channel.QueryAsync(request, Token)).Trade!.AmountMinor);
        Assert.Equal(5000, (await host.Channel.QueryAsync(request, Token)).Trade!.AmountMinor);
    }

    [Fact]
    public async Task A_forged_notification_is_refused_and_repeated_genuinely()
    {
        await using var host = await SandboxHost.StartAsync("--Sandbox:ScheduleScale=0.00001");
        var request = SandboxHost.Request();
        await host.Channel.CreateAsync(request, Token);
        await host.PostAsync("/control/faults", new { kind = "forged-signature", method = "notify" });

        await host.PayAsync(request.Number);

        Assert.Equal("the signature does not fit", (await host.NextNotificationAsync()).Refusal);
        Assert.Null((await host.NextNotificationAsync()).Refusal);
    }

    [Fact]
    public async Task A_sandbox_that_is_away_is_unknown()
    {
        await using var host = await SandboxHost.StartAsync();
        await host.StopSandboxAsync();

        var answer = await host.Channel.CreateAsync(SandboxHost.Request(), Token);

        Assert.Equal((ChannelResult.Unknown, "CONNECTION_FAILED"), (answer.Result, answer.Code));
    }

    [Fact]
    public async Task An_unsigned_or_misaddressed_call_is_refused_with_the_providers_code()
    {
        await using var host = await SandboxHost.StartAsync();
        using var form = new FormUrlEncodedContent(
            [KeyValuePair.Create("method", AlipayMethods.Query), KeyValuePair.Create("app_id", "2021000000000001")]);
        using var missing = await host.Http.PostAsync(SandboxHost.At("/alipay/gateway.do"), form, Token);
        Assert.Contains(
            "isv.missing-charset", await missing.Content.ReadAsStringAsync(Token), StringComparison.Ordinal);

        using var huge = new StringContent("a=" + new string('x', 70_000));
        using var tooLarge = await host.Http.PostAsync(SandboxHost.At("/alipay/gateway.do"), huge, Token);
        Assert.Contains("40002", await tooLarge.Content.ReadAsStringAsync(Token), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("zh", "立即付款")]
    [InlineData("en", "Pay now")]
    public async Task The_pay_page_shows_the_payment_and_its_button_pays(string lang, string button)
    {
        await using var host = await SandboxHost.StartAsync();
        var request = SandboxHost.Request();
        await host.Channel.CreateAsync(request, Token);
        var address = $"/pay/{request.Number}?lang={lang}";

        var page = await host.Http.GetStringAsync(SandboxHost.At(address), Token);
        Assert.Contains(button, page, StringComparison.Ordinal);
        Assert.Contains("STEAM-50 &lt;b&gt;&amp;&#x2B;", page, StringComparison.Ordinal);
        Assert.Contains("50.00", page, StringComparison.Ordinal);
        Assert.Contains("<svg", page, StringComparison.Ordinal);

        using var press = new HttpRequestMessage(HttpMethod.Post, address);
        press.Headers.Accept.ParseAdd("text/html");
        using var pressed = await host.Http.SendAsync(press, Token);
        Assert.Equal(HttpStatusCode.OK, pressed.StatusCode);
        Assert.DoesNotContain("<form", await pressed.Content.ReadAsStringAsync(Token), StringComparison.Ordinal);
        Assert.Null((await host.NextNotificationAsync()).Refusal);
    }

    [Theory]
    [InlineData("/control/trades?state=nonsense", 400)]
    [InlineData("/control/trades?limit=0", 400)]
    [InlineData("/control/trades?limit=x", 400)]
    [InlineData("/control/trades/UNKNOWN", 404)]
    [InlineData("/pay/UNKNOWN", 404)]
    [InlineData("/control/trades?state=paid", 200)]
    [InlineData("/healthz/live", 200)]
    [InlineData("/healthz/ready", 200)]
    public async Task Wrong_questions_get_clear_answers(string path, int status)
    {
        await using var host = await SandboxHost.StartAsync();
        using var answer = await host.Http.GetAsync(SandboxHost.At(path), Token);

        Assert.Equal(status, (int)answer.StatusCode);
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("{\"kind\":\"nonsense\"}")]
    [InlineData("{\"kind\":\"delay\",\"times\":0}")]
    [InlineData("{\"kind\":\"status\",\"status\":200}")]
    [InlineData("{\"kind\":\"delay\",\"unknown\":1}")]
    [InlineData("nonsense")]
    public async Task A_fault_that_makes_no_sense_is_refused(string json)
    {
        await using var host = await SandboxHost.StartAsync();
        using var body = new StringContent(json, System.Text.Encoding.UTF8, "application/json");
        using var answer = await host.Http.PostAsync(SandboxHost.At("/control/faults"), body, Token);

        Assert.Equal(400, (int)answer.StatusCode);
        Assert.Equal(0, (await host.GetAsync("/control/faults")).GetArrayLength());
    }

    [Fact]
    public async Task A_restarted_sandbox_sends_what_was_not_acknowledged()
    {
        await using var host = await SandboxHost.StartAsync("--Sandbox:ScheduleScale=10");
        host.FailNotifications(1);
        var request = SandboxHost.Request();
        await host.Channel.CreateAsync(request, Token);
        await host.PayAsync(request.Number);
        var first = await host.NextNotificationAsync();

        await host.StopSandboxAsync();
        await host.StartSandboxAsync();

        Assert.Equal(first, await host.NextNotificationAsync());
        Assert.Equal(TradeStatus.Paid, (await host.Channel.QueryAsync(request, Token)).Trade!.Status);
    }
}
