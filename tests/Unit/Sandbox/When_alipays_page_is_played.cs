using System.Net;
using CardShop.Shop.Channels;
using CardShop.Shop.Channels.Alipay;
using Xunit;

namespace CardShop.Tests.Unit.Sandbox;

public sealed class When_alipays_page_is_played
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_browser_is_sent_to_the_pay_page_and_the_trade_is_there_from_then_on()
    {
        await using var host = await SandboxHost.StartAsync();
        using var channel = Channel(host);
        var request = SandboxHost.Request();
        var link = (await channel.CreateAsync(request, Token)).Link;
        Assert.Equal(ChannelResult.NotFound, (await channel.QueryAsync(request, Token)).Result);
        Assert.Equal(ChannelCodes.StillOpen, (await channel.CloseAsync(request, Token)).Code);

        // The second time as if it went back.
        for (var i = 0; i < 2; i++)
        {
            using var shown = await host.Http.GetAsync(new Uri(link!), Token);
            Assert.Equal("/pay/" + request.Number, shown.RequestMessage!.RequestUri!.AbsolutePath);
            Assert.Contains(
                "卡密 STEAM-50", WebUtility.HtmlDecode(await shown.Content.ReadAsStringAsync(Token)), StringComparison.Ordinal);
        }

        Assert.Equal(TradeStatus.Waiting, (await channel.QueryAsync(request, Token)).Trade!.Status);
        Assert.Equal(200, await host.PayAsync(request.Number));
        Assert.Equal(TradeStatus.Paid, (await channel.QueryAsync(request, Token)).Trade!.Status);
        Assert.Equal(
            (request.Number, TradeStatus.Paid),
            await host.NextNotificationAsync() is { Trade: { } trade } ? (trade.Number, trade.Status) : default);
    }

    [Fact]
    public async Task An_address_that_was_changed_or_is_of_another_method_is_refused()
    {
        await using var host = await SandboxHost.StartAsync();
        using var channel = Channel(host);
        var link = (await channel.CreateAsync(SandboxHost.Request(), Token)).Link!;

        using var changed = await host.Http.GetAsync(
            new Uri(link.Replace("2088", "2089", StringComparison.Ordinal) + "&return_url=https%3A%2F%2Fevil.example"), Token);
        Assert.Equal(400, (int)changed.StatusCode);
        Assert.Contains("isv.invalid-signature", await changed.Content.ReadAsStringAsync(Token), StringComparison.Ordinal);

        using var nothing = await host.Http.GetAsync(new Uri("/alipay/gateway.do", UriKind.Relative), Token);
        Assert.Equal(400, (int)nothing.StatusCode);
    }

    private static AlipayChannel Channel(SandboxHost host) => new(
        new AlipayOptions
        {
            Profiles =
            [
                new AlipayProfileOptions
                {
                    Name = "main",
                    AppId = "2021000000000001",
                    SellerId = "2088000000000001",
                    Product = "page",
                    Gateway = new Uri(host.Http.BaseAddress!, "/alipay/gateway.do").AbsoluteUri,
                    NotifyUrl = host.ShopUrl + "/v1/payments/alipay/notify",
                    PrivateKeyFile = Path.Combine(host.KeysDirectory, "alipay-merchant.private.pem"),
                    AlipayPublicKeyFile = Path.Combine(host.KeysDirectory, "alipay-provider.public.pem"),
                },
            ],
        },
        TimeProvider.System);
}
