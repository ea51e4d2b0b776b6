using System.Text;
using System.Text.Json;
using CardShop.Shop.Channels;
using CardShop.Shop.Channels.Alipay;
using Xunit;

namespace CardShop.Tests.Unit.Channels;

public sealed class When_alipays_page_is_opened
{
    private const string CloseNode = "alipay_trade_close_response";
    private const string NotExist = """{"code":"40004","msg":"Business Failed","sub_code":"ACQ.TRADE_NOT_EXIST","sub_msg":"x"}""";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static AlipayProfileOptions Profile(
        string product = "page", string? returnUrl = "https://shop.example.test/?back=1") => new()
        {
            Name = "main",
            AppId = AlipayVectors.AppId,
            Product = product,
            Gateway = "https://openapi.alipay.com/gateway.do",
            NotifyUrl = "https://shop.example.test/notify/alipay",
            ReturnUrl = returnUrl,
            PrivateKey = AlipayVectors.PrivateKey,
            AlipayPublicKey = AlipayVectors.PublicKey,
        };

    private static Dictionary<string, string> FieldsOf(string link) =>
        AlipayForm.Read(Encoding.ASCII.GetBytes(link[(link.IndexOf('?', StringComparison.Ordinal) + 1)..]))!;

    [Fact]
    public async Task Its_address_is_the_signed_payment_and_no_server_is_called()
    {
        using var gateway = new FakeGateway();
        using var channel = gateway.Channel(null, Profile());

        var answer = await channel.CreateAsync(FakeGateway.Request(), Token);

        Assert.Equal((ChannelResult.Done, null), (answer.Result, answer.Qr));
        Assert.Empty(gateway.Sent);
        Assert.StartsWith("https://openapi.alipay.com/gateway.do?", answer.Link, StringComparison.Ordinal);
        var sent = FieldsOf(answer.Link!);
        Assert.True(AlipaySignature.Verify(FakeGateway.Key, AlipaySignature.OfRequest(sent), sent["sign"]));
        Assert.Equal(
            ("alipay.trade.page.pay", "RSA2", "utf-8", "2026-01-01 12:00:00", "1.0", AlipayVectors.AppId),
            (sent["method"], sent["sign_type"], sent["charset"], sent["timestamp"], sent["version"], sent["app_id"]));
        Assert.Equal(
            ("https://shop.example.test/notify/alipay", "https://shop.example.test/?back=1"),
            (sent["notify_url"], sent["return_url"]));
        using var content = JsonDocument.Parse(sent["biz_content"]);
        string? Of(string name) => content.RootElement.GetProperty(name).GetString();
        Assert.Equal(
            (AlipayVectors.Number, "FAST_INSTANT_TRADE_PAY", "88.88", "卡密 测试+A&B=1 x 2", "2026-01-01 12:15:00"),
            (Of("out_trade_no"), Of("product_code"), Of("total_amount"), Of("subject"), Of("time_expire")));
        Assert.Equal(answer.Link, (await channel.CreateAsync(FakeGateway.Request(), Token)).Link);
    }

    [Theory]
    [InlineData("total_amount", "88.88", "0.01")]
    [InlineData("return_url", "shop.example.test", "shop.example.evil")]
    public async Task What_is_changed_in_it_breaks_the_signature(string field, string old, string changed)
    {
        using var gateway = new FakeGateway();
        using var channel = gateway.Channel(null, Profile());
        var sent = FieldsOf((await channel.CreateAsync(FakeGateway.Request(), Token)).Link!);
        var name = sent.ContainsKey(field) ? field : "biz_content";

        sent[name] = sent[name].Replace(old, changed, StringComparison.Ordinal);

        Assert.False(AlipaySignature.Verify(FakeGateway.Key, AlipaySignature.OfRequest(sent), sent["sign"]));
    }

    [Fact]
    public async Task Without_a_way_back_none_is_named()
    {
        using var gateway = new FakeGateway();
        using var channel = gateway.Channel(null, Profile(returnUrl: " "));
        Assert.DoesNotContain("return_url", FieldsOf((await channel.CreateAsync(FakeGateway.Request(), Token)).Link!).Keys);
    }

    [Fact]
    public async Task After_its_time_there_is_none()
    {
        using var gateway = new FakeGateway();
        using var channel = gateway.Channel(FakeGateway.After(15), Profile());
        var answer = await channel.CreateAsync(FakeGateway.Request(), Token);
        Assert.Equal((ChannelResult.WrongState, "EXPIRED"), (answer.Result, answer.Code));
    }

    [Theory]
    [InlineData("page", 14, ChannelResult.Unknown, ChannelCodes.StillOpen)]
    [InlineData("page", 15, ChannelResult.NotFound, "ACQ.TRADE_NOT_EXIST")]
    [InlineData("qr", 14, ChannelResult.NotFound, "ACQ.TRADE_NOT_EXIST")]
    public async Task Before_the_buyer_has_come_only_its_time_closes_it(
        string product, int minutes, ChannelResult result, string code)
    {
        using var gateway = new FakeGateway().Answers(FakeGateway.Signed(CloseNode, NotExist));
        using var channel = gateway.Channel(FakeGateway.After(minutes), Profile(product));
        var answer = await channel.CloseAsync(FakeGateway.Request(), Token);
        Assert.Equal((result, code), (answer.Result, answer.Code));
    }

    [Theory]
    [InlineData("Product", "card", null)]
    [InlineData("Product", "", null)]
    [InlineData("ReturnUrl", "page", "shop.example.test")]
    public void Settings_that_cannot_work_are_named(string setting, string product, string? returnUrl)
    {
        using var gateway = new FakeGateway();
        var failure = Assert.Throws<ChannelSettingsException>(() => gateway.Channel(null, Profile(product, returnUrl)));
        Assert.Equal("Channels:alipay:Profiles:0:" + setting, failure.Setting);
    }
}
