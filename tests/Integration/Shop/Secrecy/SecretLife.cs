using System.Net;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using CardShop.Contracts;
using CardShop.Pipeline.Bus;
using CardShop.Shop.Channels;
using CardShop.Shop.Channels.Alipay;
using CardShop.Shop.Channels.Rsa;
using CardShop.Shop.Channels.UnionPay;
using CardShop.Shop.Orders;
using CardShop.Shop.Payments;
using CardShop.Tests.Integration.Shop.Faults;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
using Npgsql;
using Xunit;

namespace CardShop.Tests.Integration.Shop.Secrecy;

/// <summary>What a shop goes through while its secrets are at work; what buyers and providers bring along is made known.</summary>
internal sealed class SecretLife(RunningShop shop, SecretSearch search)
{
    public const string GenuineCardName = "card number of a genuine notification";

    /// <summary>A command that stays in the error queue, so that the search of the queues has something to see.</summary>
    public const string Marker = "a-command-that-nobody-understands";

    private const string Contact = "whistle.blower.7f3a@example.org";
    private const string Password = "correct-horse-7f3a-battery";
    private const string ForgedCard = "6217003810026896707";
    private const string GenuineCard = "6222021001098550814";
    private const long Price = 1_000;
    private static readonly string[] Channels = ["alipay", "wechat", "unionpay"];

    private readonly StringBuilder _exceptions = new();
    private readonly SandboxControl _sandbox = new(shop);

    /// <summary>What was thrown at whoever started a part with wrong settings.</summary>
    public string Exceptions => _exceptions.ToString();

    /// <summary>A delivered order.</summary>
    public string OrderId { get; private set; } = string.Empty;

    /// <summary>A payment whose provider made trouble.</summary>
    public string Troubled { get; private set; } = string.Empty;

    public async Task LiveAsync()
    {
        search.Add("contact", Contact);
        search.Add("query password", Password);
        search.Add("key text", "HIDDEN-secret-");
        search.Add("card number of a forged notification", ForgedCard);
        search.Add(GenuineCardName, GenuineCard);
        await shop.AddProductAsync("HIDDEN", keys: 40, Price, holdSeconds: 120);
        foreach (var channel in Channels)
        {
            await SucceedAsync(channel);
            foreach (var kind in (string[])["status", "forged-signature", "drop-after", "unknown-state"])
            {
                await TroubleAsync(channel, kind);
            }
        }

        await PoisonAsync();
        await StartWronglyAsync();
        await LoseServersAsync();
    }

    /// <summary>Paid, delivered, given back in part; and requests and notifications about it that are refused.</summary>
    private async Task SucceedAsync(string channel)
    {
        var paid = await OrderAsync(channel);
        await shop.PayAsync(paid);
        var view = await shop.UntilAsync(paid, "delivered");
        Assert.StartsWith(
            "HIDDEN-secret-", view.GetProperty("delivery").GetProperty("keys")[0].GetProperty("secret").GetString(),
            StringComparison.Ordinal);
        OrderId = paid.Id;
        await shop.DecideAsync(new PaymentMessage.OperatorRefund(
            paid.Id, new("c1", "ann", DateTimeOffset.UnixEpoch), null, 100, "goodwill"));
        await UntilSagaHoldsAsync(paid.Id, "\"state\": \"done\"");
        await RefuseAsync(paid, channel);
        await ForgeAsync(paid, channel);
        switch (channel)
        {
            case "alipay":
                Assert.Equal(HttpStatusCode.OK, await NotifyAsync(channel, await AlipayAsync(paid)));
                await UntilSagaHoldsAsync(paid.Id, "genuine-with-a-card");
                break;
            case "unionpay":
                Assert.Equal(HttpStatusCode.OK, await NotifyAsync(channel, await UnionPayAsync(paid)));
                break;
            default:
                break;
        }
    }

    /// <summary>A call that its provider answers badly, and the payment all the same.</summary>
    private async Task TroubleAsync(string channel, string kind)
    {
        var key = $"secrecy-{channel}-{kind}";
        search.Add("idempotency key", key);
        var number = OrderIds.ProviderNumber(
            OrderIds.FromIdempotencyKey('a', shop.Secrets.OrderId, Contacts.Normalise(Contact), "HIDDEN", key), 1);
        Troubled = kind == "status" ? number : Troubled;
        await _sandbox.PlanAsync(new(kind, kind == "unknown-state" ? "query" : "create", 2), channel, number);
        var order = await OrderAsync(channel, key);
        await Eventually.TrueAsync(() => _sandbox.IsOpenedAsync(number), "the provider has opened the trade");
        await shop.PayNumberAsync(number);
        await shop.UntilAsync(order, "delivered");
    }

    /// <summary>Requests that are refused, with secrets in every part of them.</summary>
    private async Task RefuseAsync(PlacedOrder paid, string channel)
    {
        var wrong = paid.Token[..^4] + "AAAA";
        search.Add("wrong token", wrong);
        using (await shop.PostOrderAsync($$"""{"sku":"HIDDEN","contact":"{{Contact}}","password":"{{Password}}" """))
        using (await shop.PostOrderAsync(Body("cash")))
        using (await shop.PostOrderAsync(Body(channel).Replace("HIDDEN", "NOWHERE", StringComparison.Ordinal)))
        using (await shop.PostOrderAsync(Body(channel), contentType: "text/plain"))
        {
            Assert.Equal(HttpStatusCode.NotFound, (await shop.ShowAsync(paid with { Token = wrong })).Status);
        }
    }

    /// <summary>Notifications that nobody signed, with a card's number in them.</summary>
    private async Task ForgeAsync(PlacedOrder paid, string channel)
    {
        var number = OrderIds.ProviderNumber(paid.Id, 1);
        foreach (var body in (string[])[
            $"out_trade_no={number}&orderId={number}&accNo={ForgedCard}&sign=AAAA&sign_type=RSA2&signature=AAAA",
            $$"""{"id":"{{ForgedCard}}","resource":{"ciphertext":"{{ForgedCard}}" } }""", ForgedCard])
        {
            Assert.NotEqual(HttpStatusCode.OK, await NotifyAsync(channel, body));
        }
    }

    /// <summary>A genuine notification with a card's number: it is kept as it came.</summary>
    private async Task<string> AlipayAsync(PlacedOrder paid)
    {
        var fields = new Dictionary<string, string>
        {
            ["notify_time"] = "2026-01-01 00:00:00",
            ["notify_type"] = "trade_status_sync",
            ["notify_id"] = "genuine-with-a-card",
            ["app_id"] = "2021000000000001",
            ["seller_id"] = "2088000000000001",
            ["charset"] = "utf-8",
            ["version"] = "1.0",
            ["trade_no"] = "2026010122001",
            ["out_trade_no"] = OrderIds.ProviderNumber(paid.Id, 1),
            ["trade_status"] = "TRADE_SUCCESS",
            ["total_amount"] = "12.34",
            ["passback_params"] = GenuineCard,
        };
        var (key, _) = await ProviderAsync("alipay");
        fields["sign"] = AlipaySignature.Sign(key, AlipaySignature.OfNotification(fields));
        fields["sign_type"] = "RSA2";
        return AlipayForm.Write(fields);
    }

    /// <summary>The same of UnionPay, as to merchants for whom it does not mask the card.</summary>
    private async Task<string> UnionPayAsync(PlacedOrder paid)
    {
        var (key, pem) = await ProviderAsync("unionpay");
        var chain = new X509Certificate2Collection();
        chain.ImportFromPem(pem);
        var fields = new Dictionary<string, string>
        {
            ["version"] = "5.1.0",
            ["encoding"] = "UTF-8",
            ["signMethod"] = "01",
            ["bizType"] = "000000",
            ["accessType"] = "0",
            ["merId"] = "777290058110048",
            ["respCode"] = "00",
            ["respMsg"] = "ok",
            ["txnType"] = "01",
            ["txnSubType"] = "07",
            ["orderId"] = OrderIds.ProviderNumber(paid.Id, 1),
            ["txnTime"] = "20260101000000",
            ["queryId"] = "202601010000000000018",
            ["txnAmt"] = "1234",
            ["currencyCode"] = "156",
            ["traceTime"] = "0101000000",
            ["traceNo"] = "000000",
            ["accNo"] = GenuineCard,
            ["signPubKeyCert"] = chain[0].ExportCertificatePem().ReplaceLineEndings("\r\n"),
        };
        fields["signature"] = UnionPaySignature.Sign(key, UnionPaySignature.TextOf(fields));
        return AlipayForm.Write(fields);
    }

    private async Task<(RsaKey Key, string Pem)> ProviderAsync(string channel)
    {
        var pem = await File.ReadAllTextAsync(
            Path.Combine(shop.Settings["Secrets:Directory"], channel + "-provider.private.pem"));
        return (RsaKeyReader.Parse("provider", pem, withPrivateKey: true), pem);
    }

    private async Task<HttpStatusCode> NotifyAsync(string channel, string body)
    {
        using var content = new StringContent(body, Encoding.UTF8, "application/x-www-form-urlencoded");
        using var answer = await shop.Http.PostAsync(new Uri(shop.Api, $"/v1/payments/{channel}/notify"), content);
        return answer.StatusCode;
    }

    /// <summary>Messages that no fleet understands: a record, and a command.</summary>
    private async Task PoisonAsync()
    {
        await shop.Log.ProduceAsync(
            new(
                Topics.Orders.Name, 0, Encoding.UTF8.GetBytes("HIDDEN"), Encoding.UTF8.GetBytes("{ not an order"),
                [new(RecordHeaders.Type, Encoding.UTF8.GetBytes(MessageTypes.OrderPlaced))]),
            CancellationToken.None);
        await using var bus = new RabbitBus(
            new(new(shop.Settings["RabbitMq:Uri"]), "test", 10, TimeSpan.FromSeconds(10)), TimeProvider.System, new Random(),
            TestLogs.Factory.CreateLogger<RabbitBus>());
        Assert.Empty(await bus.SendAllAsync(
            [new(Queues.PaymentsAlipay, "Unknown", Marker, Marker, Encoding.UTF8.GetBytes(Marker), DateTimeOffset.UtcNow)], 0,
            CancellationToken.None));
        await Eventually.TrueAsync(
            async () => (await shop.RecordsAsync(Topics.DeadLetters)).Count > 0, "the record is a dead letter");
    }

    /// <summary>Keys and passwords that are mistyped, cut or exchanged: what is thrown must not quote them.</summary>
    private async Task StartWronglyAsync()
    {
        var good = shop.Settings["Secrets:Directory"];
        var wrong = Path.Combine(Path.GetDirectoryName(good)!, "wrong");
        Directory.CreateDirectory(wrong);
        foreach (var file in Directory.GetFiles(good))
        {
            var text = await File.ReadAllTextAsync(file);
            var cut = text.Contains("PRIVATE KEY-----", StringComparison.Ordinal)
                ? text.Insert(text.IndexOf('\n', StringComparison.Ordinal) + 30, "!")
                : text.TrimEnd()[..^3];
            await File.WriteAllTextAsync(Path.Combine(wrong, Path.GetFileName(file)), cut);
        }

        search.Add("cut key-encryption key", await File.ReadAllTextAsync(Path.Combine(wrong, "kek-1")));
        search.Add("cut APIv3 key", await File.ReadAllTextAsync(Path.Combine(wrong, "wechat-apiv3.key")));
        Throws(() => ShopSecrets.Open(wrong));
        foreach (var name in (string[])[
            "alipay:Profiles:0:PrivateKeyFile", "wechat:Profiles:0:PrivateKeyFile", "wechat:Profiles:0:ApiV3KeyFile",
            "unionpay:Profiles:0:PrivateKeyFile"])
        {
            var path = "Channels:" + name;
            var settings = new Dictionary<string, string?>(shop.Settings.Select(s => new KeyValuePair<string, string?>(s.Key, s.Value)))
            {
                [path] = Path.Combine(wrong, Path.GetFileName(shop.Settings[path])),
            };
            var options = new ConfigurationBuilder().AddInMemoryCollection(settings).Build()
                .GetSection(PaymentChannelOptions.Section).Get<PaymentChannelOptions>()!;
            Throws(() => PaymentChannels.Open(options, ChannelUse.Call, TimeProvider.System));
        }

        var database = new NpgsqlConnectionStringBuilder(shop.Settings["Postgres:ConnectionString"]);
        database.Password += "-mistyped";
        search.Add("mistyped database password", database.Password);
        await using var source = CardShop.Pipeline.Documents.Database.Open(database.ConnectionString, "test");
        await ThrowsAsync(async () => await (await source.OpenConnectionAsync()).DisposeAsync());
        var broker = new UriBuilder(shop.Settings["RabbitMq:Uri"]);
        broker.Password += "-mistyped";
        search.Add("mistyped RabbitMQ password", broker.Password);
        await using var bus = new RabbitBus(
            new(broker.Uri, "test", 10, TimeSpan.FromSeconds(5)), TimeProvider.System, new Random(),
            TestLogs.Factory.CreateLogger<RabbitBus>());
        await ThrowsAsync(() => bus.DeclareAsync(Queues.Work, Queues.Error, CancellationToken.None));
        Directory.Delete(wrong, recursive: true);
    }

    /// <summary>Sessions end under the fleets and the API; what they say then must not name how they log on.</summary>
    private async Task LoseServersAsync()
    {
        await shop.CountAsync(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()");
        await shop.Broker.RestartAsync();
        await Eventually.TrueAsync(
            async () =>
            {
                using var answer = await shop.PostOrderAsync(Body("alipay"));
                return answer.StatusCode == HttpStatusCode.Accepted;
            },
            "orders are accepted again");
    }

    private void Throws(Func<object> act) => _exceptions.Append(Assert.ThrowsAny<Exception>(act)).AppendLine();

    private async Task ThrowsAsync(Func<Task> act) =>
        _exceptions.Append(await Assert.ThrowsAnyAsync<Exception>(act)).AppendLine();

    private Task UntilSagaHoldsAsync(string orderId, string text) => Eventually.TrueAsync(
        async () => await shop.CountAsync(
            $"SELECT count(*) FROM shop.mt_doc_paymentsaga WHERE id = '{orderId}' AND data::text LIKE '%{text}%'") == 1,
        $"the saga of {orderId} holds {text}");

    private Task<PlacedOrder> OrderAsync(string channel, string? key = null) => shop.PlaceBodyAsync(Body(channel), key);

    private static string Body(string channel) =>
        $$"""{"sku":"HIDDEN","quantity":1,"contact":"{{Contact}}","channel":"{{channel}}","password":"{{Password}}"}""";
}
