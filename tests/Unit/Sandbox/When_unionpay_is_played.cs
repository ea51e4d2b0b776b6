using System.Net;
using CardShop.Shop.Channels;
using CardShop.Shop.Channels.UnionPay;
using Xunit;

namespace CardShop.Tests.Unit.Sandbox;

/// <summary>The shop's channel and the sandbox, over real HTTP.</summary>
public sealed class When_unionpay_is_played
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_payment_goes_from_the_code_over_notify_to_refunds()
    {
        await using var host = await UnionPayHost.StartAsync();
        var request = SandboxHost.Request();

        var created = await host.Channel.CreateAsync(request, Token);
        Assert.Equal(ChannelResult.Done, created.Result);
        Assert.Equal(new Uri(host.Sandbox.Http.BaseAddress!, "/pay/" + request.Number).ToString(), created.Link);
        Assert.Equal(created.Link, created.Qr);
        Assert.Equal(ChannelResult.NotFound, (await host.Channel.QueryAsync(request, Token)).Result);
        Assert.Equal(ChannelResult.Unknown, (await host.Channel.CloseAsync(request, Token)).Result);

        await host.Sandbox.Http.GetStringAsync(SandboxHost.At(created.Link!), Token);
        Assert.Equal(TradeStatus.Waiting, (await host.Channel.QueryAsync(request, Token)).Trade!.Status);
        Assert.Equal(UnionPayChannel.StillOpen, (await host.Channel.CloseAsync(request, Token)).Code);

        Assert.Equal(200, await host.Sandbox.PayAsync(request.Number));
        var paid = await host.NextNotificationAsync();
        Assert.Null(paid.Refusal);
        Assert.Equal(("main", "777290058110048", true), (paid.Profile, paid.MerchantId, paid.QueryFirst));
        var queried = (await host.Channel.QueryAsync(request, Token)).Trade;
        Assert.Equal(paid.Trade, queried);
        Assert.Equal((TradeStatus.Paid, 5000), (queried!.Status, queried.AmountMinor));
        Assert.NotNull(queried.PaidAt);
        var closed = await host.Channel.CloseAsync(request, Token);
        Assert.Equal((ChannelResult.WrongState, queried), (closed.Result, closed.Trade));
        Assert.Equal(ChannelResult.WrongState, (await host.Channel.CreateAsync(request, Token)).Result);

        var refund = Refund(request, 2000);
        Assert.Equal(ChannelResult.Done, (await host.Channel.RefundAsync(refund, Token)).Result);
        Assert.Equal(ChannelResult.Done, (await host.Channel.RefundAsync(refund with { TradeNo = queried.TradeNo }, Token)).Result);
        Assert.Equal(
            (ChannelResult.Unknown, "REFUND_AMOUNT_DIFFERS"),
            await ResultAsync(host.Channel.RefundAsync(refund with { AmountMinor = 1 }, Token)));
        var partly = await host.NextNotificationAsync();
        Assert.Equal(new ProviderRefund(refund.RefundNumber, true, 2000, "00"), partly.Refund);
        Assert.Equal((request.Number, 2000, 5000), (partly.Trade!.Number, partly.Trade.RefundedMinor, partly.Trade.AmountMinor));

        Assert.Equal(
            (ChannelResult.Refused, "36"),
            await ResultAsync(host.Channel.RefundAsync(Refund(request, 3001, "R2"), Token)));
        Assert.Equal(ChannelResult.Done, (await host.Channel.RefundAsync(Refund(request, 3000, "R3"), Token)).Result);
        Assert.Equal(3000, (await host.NextNotificationAsync()).Refund!.AmountMinor);
        Assert.Equal(
            (ChannelResult.Refused, "45"), await ResultAsync(host.Channel.RefundAsync(Refund(request, 1, "R4"), Token)));
        Assert.Equal(TradeStatus.Paid, (await host.Channel.QueryAsync(request, Token)).Trade!.Status);
    }

    [Fact]
    public async Task A_payment_goes_over_unionpays_page()
    {
        await using var host = await UnionPayHost.StartAsync("page");
        var request = SandboxHost.Request();
        var created = await host.Channel.CreateAsync(request, Token);
        Assert.Equal(ChannelResult.NotFound, (await host.Channel.QueryAsync(request, Token)).Result);

        // What the browser does with the form; the second time as if it went back.
        var page = UnionPayPage.Split(created.Link)!;
        for (var i = 0; i < 2; i++)
        {
            using var form = new FormUrlEncodedContent(page.Fields);
            using var shown = await host.Sandbox.Http.PostAsync(page.Action, form, Token);
            Assert.Equal("/pay/" + request.Number, shown.RequestMessage!.RequestUri!.AbsolutePath);
            Assert.Contains("卡密 STEAM-50", WebUtility.HtmlDecode(await shown.Content.ReadAsStringAsync(Token)), StringComparison.Ordinal);
        }

        Assert.Equal(TradeStatus.Waiting, (await host.Channel.QueryAsync(request, Token)).Trade!.Status);
        Assert.Equal(200, await host.Sandbox.PayAsync(request.Number));
        Assert.Equal((await host.NextNotificationAsync()).Trade, (await host.Channel.QueryAsync(request, Token)).Trade);
        Assert.Equal(ChannelResult.Done, (await host.Channel.RefundAsync(Refund(request, 5000), Token)).Result);
        var refunded = await host.NextNotificationAsync();
        Assert.Equal((TradeStatus.Closed, "main"), (refunded.Trade!.Status, refunded.Profile));

        using var late = new FormUrlEncodedContent(page.Fields);
        using var refused = await host.Sandbox.Http.PostAsync(page.Action, late, Token);
        Assert.Equal(400, (int)refused.StatusCode);
        Assert.Contains("12: ", await refused.Content.ReadAsStringAsync(Token), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_form_that_was_changed_on_its_way_is_refused()
    {
        await using var host = await UnionPayHost.StartAsync("page");
        var created = await host.Channel.CreateAsync(SandboxHost.Request(), Token);
        var page = UnionPayPage.Split(created.Link)!;

        using var form = new FormUrlEncodedContent(
            page.Fields.Select(one => one.Key == "txnAmt" ? KeyValuePair.Create("txnAmt", "1") : one));
        using var refused = await host.Sandbox.Http.PostAsync(page.Action, form, Token);

        Assert.Equal(400, (int)refused.StatusCode);
        Assert.Contains("11: ", await refused.Content.ReadAsStringAsync(Token), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("qr", false)]
    [InlineData("qr", true)]
    [InlineData("page", true)]
    public async Task An_unpaid_trade_is_over_at_its_pay_timeout(string product, bool opened)
    {
        await using var host = await UnionPayHost.StartAsync(product);
        var now = DateTimeOffset.UtcNow;
        var request = SandboxHost.Request() with { ExpiresAt = now.AddSeconds(3) };
        var created = await host.Channel.CreateAsync(request, Token);
        Assert.Equal(ChannelResult.Done, created.Result);
        if (UnionPayPage.Split(created.Link) is { } page)
        {
            using var form = new FormUrlEncodedContent(page.Fields);
            using var shown = await host.Sandbox.Http.PostAsync(page.Action, form, Token);
        }
        else if (opened)
        {
            await host.Sandbox.PostAsync($"/control/trades/{request.Number}/scan");
        }

        Assert.Equal(ChannelResult.Unknown, (await host.Channel.CloseAsync(request, Token)).Result);
        var answer = await host.Channel.CloseAsync(request, Token);
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (answer.Result == ChannelResult.Unknown)
        {
            await Task.Delay(20, limit.Token);
            answer = await host.Channel.CloseAsync(request, Token);
        }

        Assert.Equal(ChannelResult.Done, answer.Result);
        Assert.True(DateTimeOffset.UtcNow >= request.ExpiresAt);
        Assert.Equal(409, await host.Sandbox.PayAsync(request.Number));
        Assert.Equal((ChannelResult.WrongState, "EXPIRED"), await ResultAsync(host.Channel.CreateAsync(request, Token)));
    }

    [Fact]
    public async Task A_notification_is_given_up_after_five_deliveries_that_are_all_the_same()
    {
        await using var host = await UnionPayHost.StartAsync(
            "qr", "--Sandbox:ScheduleScale=0.00001", "--Sandbox:NotifyWorkers=1");
        host.FailNotifications(int.MaxValue);
        var first = SandboxHost.Request();
        var second = SandboxHost.Request();

        // The second goes through the whole schedule after the first: time enough for one delivery too many.
        foreach (var request in (PaymentRequest[])[first, second])
        {
            await host.Channel.CreateAsync(request, Token);
            await host.Sandbox.PayAsync(request.Number);
            await host.Sandbox.TradeWhenAsync(request.Number, one => one.GetProperty("deliveries").GetInt32() >= 5);
        }

        var trade = await host.Sandbox.GetAsync("/control/trades/" + first.Number);
        Assert.Equal(5, trade.GetProperty("deliveries").GetInt32());
        Assert.Equal(0, trade.GetProperty("acknowledged").GetInt32());
        Assert.Equal(2, host.Bodies.Distinct().Count());
    }

    [Theory]
    [InlineData("qr", true)]
    [InlineData("page", false)]
    public async Task A_decline_is_notified_for_a_code_alone_and_the_buyer_may_pay_afterwards(string product, bool isTold)
    {
        await using var host = await UnionPayHost.StartAsync(product);
        var request = SandboxHost.Request();
        var created = await host.Channel.CreateAsync(request, Token);
        if (UnionPayPage.Split(created.Link) is { } page)
        {
            using var form = new FormUrlEncodedContent(page.Fields);
            using var shown = await host.Sandbox.Http.PostAsync(page.Action, form, Token);
        }

        await host.Sandbox.PostAsync($"/control/trades/{request.Number}/decline");

        var queried = await host.Channel.QueryAsync(request, Token);
        Assert.Equal(("64", TradeStatus.Waiting), (queried.Code, queried.Trade!.Status));
        if (isTold)
        {
            var declined = await host.NextNotificationAsync();
            Assert.EndsWith("-64", declined.NotifyId, StringComparison.Ordinal);
            Assert.Equal(TradeStatus.Waiting, declined.Trade!.Status);
        }

        await host.Sandbox.TradeWhenAsync(
            request.Number, one => one.GetProperty("acknowledged").GetInt32() == (isTold ? 1 : 0));
        await host.Sandbox.StopSandboxAsync();
        await host.Sandbox.StartSandboxAsync();
        Assert.Equal(200, await host.Sandbox.PayAsync(request.Number));
        Assert.Equal(TradeStatus.Paid, (await host.NextNotificationAsync()).Trade!.Status);
        using var again = await host.Sandbox.Http.PostAsync($"/control/trades/{request.Number}/decline", null, Token);
        using var unknown = await host.Sandbox.Http.PostAsync("/control/trades/UNKNOWN/decline", null, Token);
        Assert.Equal((409, 404), ((int)again.StatusCode, (int)unknown.StatusCode));
    }

    [Fact]
    public async Task Two_hundred_ends_the_repeats()
    {
        await using var host = await UnionPayHost.StartAsync("qr", "--Sandbox:ScheduleScale=0.00001");
        host.FailNotifications(2);
        var request = SandboxHost.Request();
        await host.Channel.CreateAsync(request, Token);
        await host.Sandbox.PayAsync(request.Number);

        var trade = await host.Sandbox.TradeWhenAsync(request.Number, one => one.GetProperty("acknowledged").GetInt32() == 1);

        Assert.Equal(3, trade.GetProperty("deliveries").GetInt32());
    }

    [Fact]
    public async Task Auto_pay_pays_what_was_created()
    {
        await using var host = await UnionPayHost.StartAsync("qr", "--Sandbox:AutoPay=true");
        var request = SandboxHost.Request();

        await host.Channel.CreateAsync(request, Token);

        Assert.Equal(request.Number, (await host.NextNotificationAsync()).Trade!.Number);
    }

    [Fact]
    public async Task A_restarted_sandbox_knows_its_trades_and_refunds()
    {
        await using var host = await UnionPayHost.StartAsync();
        var request = SandboxHost.Request();
        await host.Channel.CreateAsync(request, Token);
        await host.Sandbox.PayAsync(request.Number);
        await host.Channel.RefundAsync(Refund(request, 2000), Token);
        await host.Sandbox.TradeWhenAsync(request.Number, one => one.GetProperty("acknowledged").GetInt32() == 2);

        await host.Sandbox.StopSandboxAsync();
        await host.Sandbox.StartSandboxAsync();
        using var channel = host.NewChannel("qr");

        Assert.Equal(TradeStatus.Paid, (await channel.QueryAsync(request, Token)).Trade!.Status);
        Assert.Equal(ChannelResult.Done, (await channel.RefundAsync(Refund(request, 2000), Token)).Result);
    }

    [Fact]
    public async Task An_unknown_certificate_or_a_missing_field_is_refused_with_the_providers_code()
    {
        await using var host = await UnionPayHost.StartAsync();
        using var stranger = host.NewChannel("qr", certificateId: "1");
        Assert.Equal((ChannelResult.Refused, "11"), await ResultAsync(stranger.CreateAsync(SandboxHost.Request(), Token)));

        foreach (var path in (string[])[UnionPayPaths.Back, UnionPayPaths.Query])
        {
            using var form = new FormUrlEncodedContent([KeyValuePair.Create("version", "5.1.0")]);
            using var missing = await host.Sandbox.Http.PostAsync(SandboxHost.At("/unionpay" + path), form, Token);
            var answer = UnionPayText.ReadAnswer(await missing.Content.ReadAsByteArrayAsync(Token))!;
            Assert.Equal("13", answer["respCode"]);
        }
    }

    private static RefundRequest Refund(PaymentRequest request, long amount, string suffix = "R1") =>
        new(request, request.Number + suffix, amount, "", request.OpenedAt.AddMinutes(1), null);

    private static async Task<(ChannelResult Result, string? Code)> ResultAsync(Task<ChannelAnswer> call)
    {
        var answer = await call;
        return (answer.Result, answer.Code);
    }
}
