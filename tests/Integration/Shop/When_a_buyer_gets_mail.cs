using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using CardShop.Contracts;
using CardShop.Pipeline.Batches;
using CardShop.Pipeline.Log;
using CardShop.Shop.Mail;
using CardShop.Shop.Payments;
using CardShop.Tests.Integration.Servers;
using Xunit;

namespace CardShop.Tests.Integration.Shop;

public sealed class When_a_buyer_gets_mail
{
    private const string Contact = "reader.of.mail.31c9@example.org";
    private static readonly NetworkCredential Login = new("shop", "mail-password-of-31c9");

    private readonly TestServers _servers;
    private readonly ITestOutputHelper _output;

    public When_a_buyer_gets_mail(TestServers servers, ITestOutputHelper output)
    {
        (_servers, _output) = (servers, output);
        servers.Secrets.Add("mail password", Login.Password);
        servers.Secrets.Add("contact", Contact);
    }

    [Fact]
    public async Task It_comes_once_when_the_server_takes_it_at_last_and_after_its_event()
    {
        await using var server = SmtpServer.Start(login: Login);
        await using var shop = await StartAsync(server.Port);
        server.Trouble = n => n switch { 1 => SmtpTrouble.Busy, 2 => SmtpTrouble.HangUp, _ => SmtpTrouble.None };
        var published = new List<bool>();
        server.Taking = async mail => published.Add((await EventsAsync(shop)).Any(
            e => mail.Header("Message-ID").StartsWith($"<{e.CloudEvent!.Id}@", StringComparison.Ordinal)));
        await shop.AddProductAsync("GIFT", keys: 10);

        var order = await shop.PlaceAsync("GIFT", quantity: 2, contact: Contact);
        await shop.PayAsync(order);
        var keys = KeysOf(await shop.UntilAsync(order, "delivered"));
        await Eventually.TrueAsync(() => server.Mails.Count == 1, "the mail is taken");

        var mail = server.Mails[0];
        Assert.Equal(Contact, mail.To);
        Assert.All(keys, key => Assert.Contains($". {key}", mail.Body, StringComparison.Ordinal));
        Assert.Equal(3, server.Connections);
        await Eventually.TrueAsync(() => IsAsync(shop, order, "sent", 1), "it is written down");
        Assert.Equal(0, await shop.CountAsync(
            "SELECT count(*) FROM shop.mails m WHERE m::text LIKE '%secret%' OR m::text LIKE '%@%'"));

        // The same event once more, as a dispatch that was repeated leaves it; and a contact that is no address.
        await RepeatAsync(shop, (await EventsAsync(shop)).Single());
        var byPhone = await shop.PlaceAsync("GIFT", contact: "+86 138 0013 8000");
        await shop.PayAsync(byPhone);
        await Eventually.TrueAsync(() => IsAsync(shop, byPhone, "no-address", 1), "the mail without an address is over");
        await shop.DecideAsync(new PaymentMessage.OperatorRefund(
            order.Id, new("c1", "ann", DateTimeOffset.UnixEpoch), null, null, "goodwill"));
        await Eventually.TrueAsync(() => server.Mails.Count > 1, "the refund is told");

        Assert.Equal(
            [order.Id + ".delivered", order.Id + ".refunded"],
            server.Mails.Select(m => m.Header("Message-ID").Split('@')[0].TrimStart('<')));
        Assert.Contains("20.00 CNY", server.Mails[1].Body, StringComparison.Ordinal);
        Assert.Equal([true, true], published);
    }

    [Fact]
    public async Task An_order_of_ten_thousand_keys_comes_whole_in_one_file()
    {
        const int Keys = 10_000;
        await using var server = await AioSmtpServer.StartAsync(Login);
        await using var shop = await StartAsync(server.Port);
        await shop.AddProductAsync("BULK", Keys, price: 1, maxQuantity: Keys);

        var order = await shop.PlaceAsync("BULK", Keys, contact: Contact);
        await shop.PayAsync(order);
        var started = TimeProvider.System.GetTimestamp();
        var keys = KeysOf(await shop.UntilAsync(order, "delivered"));
        await Eventually.TrueAsync(() => server.Mails.Count > 0, "the mail is taken");

        _output.WriteLine($"{Keys} keys mailed {TimeProvider.System.GetElapsedTime(started).TotalSeconds:0.0} s after the payment");
        var mail = Assert.Single(server.Mails);
        Assert.Equal((Contact, MailText.AttachmentName), (mail.To, mail.FileName));
        Assert.Equal($"Test BULK × {Keys} 已发货 / delivered ({order.Id})", mail.Subject);
        Assert.Contains($"全部 {Keys} 个卡密见附件", mail.Body, StringComparison.Ordinal);
        var lines = mail.File!.TrimStart('\uFEFF').Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        Assert.Equal(Keys, lines.Distinct().Count());
        Assert.Equal(keys, lines);
    }

    [Fact]
    public async Task With_the_server_away_orders_are_delivered_and_what_failed_is_seen_and_sent_again()
    {
        const int Orders = 8;
        var gone = SmtpServer.Start(login: Login);
        await gone.DisposeAsync();
        await using var shop = await StartAsync(gone.Port, window: "00:00:02");
        await shop.AddProductAsync("GIFT", keys: Orders);
        var orders = new List<PlacedOrder>();
        for (var i = 0; i < Orders; i++)
        {
            orders.Add(await shop.PlaceAsync("GIFT", contact: i == 0 ? Contact : $"reader{i}.of.mail@example.org"));
            await shop.PayAsync(orders[i]);
        }

        foreach (var order in orders)
        {
            await shop.UntilAsync(order, "delivered");
        }

        await Eventually.TrueAsync(
            async () => await shop.CountAsync("SELECT count(*) FROM shop.mails WHERE state = 'failed'") == Orders,
            "all mails are given up");
        var failed = await MailStore.ListAsync(shop.Database, failedOnly: true, 100, default);
        Assert.Equal(orders.Select(o => o.Id).Order(), failed.Select(f => f.OrderId).Order());
        Assert.All(failed, f => Assert.Equal((MailState.Failed, "no connection: ConnectionRefused"), (f.State, f.LastError)));
        Assert.All(failed, f => Assert.True(f.Tries > 1));

        await using var server = SmtpServer.Start(gone.Port, Login);
        Assert.Equal(1, await MailStore.RetryAsync(shop.Database, orders[0].Id, DateTimeOffset.UtcNow, default));
        await Eventually.TrueAsync(() => server.Mails.Count == 1, "the mail of one order is sent");
        Assert.Equal(Contact, server.Mails[0].To);
        Assert.Equal(Orders - 1, await MailStore.RetryAsync(shop.Database, null, DateTimeOffset.UtcNow, default));
        await Eventually.TrueAsync(
            async () => await shop.CountAsync("SELECT count(*) FROM shop.mails WHERE state = 'sent'") == Orders, "all are sent");
        Assert.Equal(Orders, server.Mails.Select(m => m.To).Distinct().Count());
        Assert.Equal(Orders, server.Mails.Count);
    }

    [Fact]
    public async Task Keys_that_may_not_be_shown_are_not_mailed_until_they_may()
    {
        await using var server = SmtpServer.Start(login: Login);
        await using var shop = await StartAsync(server.Port);
        await shop.AddProductAsync("GIFT", keys: 1);
        server.Trouble = _ => SmtpTrouble.Busy;
        var order = await shop.PlaceAsync("GIFT", contact: Contact);
        await shop.PayAsync(order);
        await shop.UntilAsync(order, "delivered");
        await using (var park = shop.Database.CreateCommand(
            """
            INSERT INTO shop.parked (outbox, order_id, kind, body, reason)
            SELECT outbox, id, 'record', '', 'test' FROM shop.mt_doc_deliverysaga
            """))
        {
            await park.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        }

        server.Trouble = _ => SmtpTrouble.None;
        await Eventually.TrueAsync(
            async () => (await MailStore.ListAsync(shop.Database, failedOnly: false, 10, default)) is
                [{ State: MailState.Waiting, LastError: "its keys may not be shown yet" }],
            "the mail waits");
        Assert.Empty(server.Mails);
        await using (var release = shop.Database.CreateCommand("DELETE FROM shop.parked"))
        {
            await release.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        }

        await Eventually.TrueAsync(() => server.Mails.Count == 1, "the mail is sent");
    }

    private Task<RunningShop> StartAsync(int port, string window = "01:00:00") => RunningShop.StartAsync(
        _servers, new Dictionary<string, string>
        {
            ["Mail:Host"] = "127.0.0.1",
            ["Mail:Port"] = port.ToString(CultureInfo.InvariantCulture),
            ["Mail:Security"] = "none",
            ["Mail:User"] = Login.UserName,
            ["Mail:Password"] = Login.Password,
            ["Mail:From"] = "Shop <keys@shop.example>",
            ["Mail:FirstRetry"] = "00:00:00.200",
            ["Mail:LongestGap"] = "00:00:00.500",
            ["Mail:Window"] = window,
            // All from one contact and one network.
            ["Orders:MaxOpenPerContact"] = "1000",
        });

    private static IReadOnlyList<string> KeysOf(JsonElement order) =>
        [.. order.GetProperty("delivery").GetProperty("keys").EnumerateArray().Select(k => k.GetProperty("secret").GetString()!)];

    private static async Task<IReadOnlyList<LogIncoming>> EventsAsync(RunningShop shop) =>
        [.. (await shop.RecordsAsync(Topics.Deliveries)).Where(r => r.CloudEvent is not null)];

    private static async Task<bool> IsAsync(RunningShop shop, PlacedOrder order, string state, int rows) =>
        await shop.CountAsync($"SELECT count(*) FROM shop.mails WHERE order_id = '{order.Id}' AND state = '{state}'") == rows;

    private static async Task RepeatAsync(RunningShop shop, LogIncoming record)
    {
        LogHeader Header(string name, string value) => new(name, Encoding.UTF8.GetBytes(value));
        var about = record.CloudEvent!;
        await shop.Log.ProduceAsync(
            new(
                Topics.Deliveries.Name, record.Partition.Partition, Encoding.UTF8.GetBytes(about.Subject!), record.Value,
                [
                    Header(CloudEventHeaders.SpecVersion, "1.0"), Header(CloudEventHeaders.Id, about.Id),
                    Header(CloudEventHeaders.Type, about.Type!), Header(CloudEventHeaders.Source, about.Source!),
                    Header(CloudEventHeaders.Subject, about.Subject!), Header(CloudEventHeaders.Time, about.Time!),
                    Header(CloudEventHeaders.ContentType, "application/json"),
                ]),
            CancellationToken.None);
    }
}
