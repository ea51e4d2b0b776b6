using System.Globalization;
using System.Net;
using System.Text.Json;
using CardShop.Contracts;
using CardShop.Local.Parts;
using CardShop.Shop.Operators;
using CardShop.Tests.Integration.Servers;
using Xunit;

namespace CardShop.Tests.Integration.Shop;

/// <summary>The console's way in: a session, and shopctl as child processes that do what they do in a terminal.</summary>
public sealed class When_the_console_is_used(TestServers servers)
{
    private const string Sku = "CONSOLE";
    private const string Viewer = "vic";
    private const int Keys = 10_000;

    [Fact]
    public async Task It_does_what_shopctl_does_for_who_is_logged_in_and_no_more()
    {
        await using var shop = await RunningShop.StartAsync(servers, new Dictionary<string, string>
        {
            ["Console:Shopctl"] = DotnetProgram.Find("CardShop.Shopctl"),
            ["Sandbox:AutoPay"] = "true",
        });
        Shopctl.MakeOperator(shop.Setting("Secrets:Directory")!, Viewer, OperatorRole.Viewer);
        await shop.AddProductAsync(Sku, keys: 5);
        using var console = new ConsoleCaller(shop);

        await NobodyGetsInAsync(console);
        await ViewersSeeAsync(shop, console);
        await LogInAsync(shop, console, Shopctl.First);
        await ChannelsAreSwitchedAsync(shop, console);
        await KeysAreImportedAsync(shop, console);
        await AReplayTakesTwoAsync(shop, console);
        await TheOverviewTellsAsync(console);
        await LogOutAsync(shop, console);

        foreach (var secret in new[] { Shopctl.KeyOf(Shopctl.First), "secret-", new Npgsql.NpgsqlConnectionStringBuilder(shop.Setting("Postgres:ConnectionString")).Password! })
        {
            Assert.DoesNotContain(secret, console.Heard.ToString(), StringComparison.Ordinal);
        }
    }

    private static async Task NobodyGetsInAsync(ConsoleCaller console)
    {
        var (wrong, set) = await console.LogInAsync("a key that nobody has");
        Assert.Equal((HttpStatusCode.Unauthorized, null), (wrong.Status, set));
        Assert.Equal(HttpStatusCode.Unauthorized, (await console.RunAsync("replay.list")).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await console.SendAsync(HttpMethod.Delete, "/v1/admin/session")).Status);
        console.Cookie = "AQEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
        Assert.Equal(HttpStatusCode.Unauthorized, (await console.GetAsync("/v1/admin/me")).Status);
    }

    private static async Task ViewersSeeAsync(RunningShop shop, ConsoleCaller console)
    {
        await LogInAsync(shop, console, Viewer);
        var letters = await console.RunAsync("dead-letters.list", """{"limit":5}""", more: "");
        Assert.True(letters.Exit == 0, letters.Text);
        Assert.Equal("[]", letters.Lines);

        var replay = await console.RunAsync("replay.run", $$"""{"topic":"{{Topics.Orders.Name}}","from":"0"}""");
        Assert.Equal(HttpStatusCode.Forbidden, replay.Status);
        Assert.Equal(HttpStatusCode.Forbidden, (await console.ImportAsync(Sku, "a-key\n", "format=text")).Status);
        var refused = (await Shopctl.AuditAsync(shop)).Where(e => e.Operator == Viewer).ToList();
        Assert.Equal(["replay", "keys.import"], refused.Select(e => e.Action));
        Assert.All(refused, e => Assert.Equal((AuditOutcome.Refused, "api"), (e.Outcome!.Value, e.Via)));

        Assert.Equal(HttpStatusCode.BadRequest, (await console.RunAsync("secrets.rotate")).Status);
        Assert.Equal(HttpStatusCode.BadRequest, (await console.RunAsync("replay.list", """{"--json":true}""", more: "")).Status);

        // Whose files are gone has no session any more, whatever he still holds.
        OperatorFiles.Remove(shop.Setting("Secrets:Directory")!, Viewer);
        await Eventually.TrueAsync(
            async () => (await console.GetAsync("/v1/admin/me")).Status == HttpStatusCode.Unauthorized, "the session has ended with its operator");
        Assert.Contains("session has ended", (await console.GetAsync("/v1/admin/me")).Text, StringComparison.Ordinal);
    }

    private static async Task LogInAsync(RunningShop shop, ConsoleCaller console, string name)
    {
        var (reply, set) = await console.LogInAsync(Shopctl.KeyOf(name));
        Assert.Equal(HttpStatusCode.OK, reply.Status);
        Assert.Equal(name, reply.Said[0].GetProperty("name").GetString());
        Assert.InRange(
            reply.Said[0].GetProperty("expiresAt").GetDateTimeOffset() - DateTimeOffset.UtcNow, TimeSpan.FromHours(11.9), TimeSpan.FromHours(12));
        shop.Known.Add("console session", console.Cookie!);
        Assert.Equal(
            ["httponly", "max-age=43200", "path=/v1/admin", "samesite=strict"],
            set!.ToLowerInvariant().Split("; ").Skip(1).Where(p => !p.StartsWith("expires=", StringComparison.Ordinal)).Order(StringComparer.Ordinal));

        var me = await console.GetAsync("/v1/admin/me");
        Assert.Equal(name, me.Said[0].GetProperty("name").GetString());
        Assert.True(me.Said[0].TryGetProperty("expiresAt", out _));
        Assert.Equal(HttpStatusCode.Unauthorized, (await console.SendAsync(HttpMethod.Get, "/v1/admin/me", console: null)).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await console.SendAsync(HttpMethod.Get, "/v1/admin/me", site: "cross-site")).Status);
        var other = await console.SendAsync(HttpMethod.Get, "/v1/admin/me", bearer: Shopctl.KeyOf("bob"));
        Assert.Equal("bob", other.Said[0].GetProperty("name").GetString());
    }

    private static async Task ChannelsAreSwitchedAsync(RunningShop shop, ConsoleCaller console)
    {
        async Task<bool> IsUpAsync() => (await console.GetAsync("/v1/admin/overview")).Said[0].GetProperty("channels").EnumerateArray()
            .Single(c => c.GetProperty("channel").GetString() == "wechat").GetProperty("up").GetBoolean();

        Assert.True(await IsUpAsync());
        var off = await console.RunAsync("channels.off", """{"channel":"wechat"}""", "\"why\":\"it's 'late'; $(reboot)\"");
        Assert.True(off.Exit == 0, off.Text);
        await Eventually.TrueAsync(async () => !await IsUpAsync(), "the channel is off");
        Assert.Equal(0, (await console.RunAsync("channels.on", """{"channel":"wechat"}""")).Exit);
        await Eventually.TrueAsync(IsUpAsync, "the channel is on again");
        var audit = (await Shopctl.AuditAsync(shop)).Where(e => e.Action == "channel.switch").ToList();
        Assert.All(audit, e => Assert.Equal((Shopctl.First, "shopctl"), (e.Operator, e.Via)));
        Assert.Equal("it's 'late'; $(reboot)", audit[0].Reason);
    }

    private static async Task KeysAreImportedAsync(RunningShop shop, ConsoleCaller console)
    {
        var file = string.Concat(Enumerable.Range(0, Keys).Select(i => string.Create(CultureInfo.InvariantCulture, $"{Sku}-secret-http-{i}\n")));
        var imported = await console.ImportAsync(Sku, file, "format=text&name=new%20keys.txt");
        Assert.True(imported.Exit == 0, imported.Text);
        Assert.Equal(Keys + 5, await shop.CountAsync($"SELECT sum(available)::bigint FROM shop.stock WHERE sku = '{Sku}'"));

        Assert.Equal(0, (await console.ImportAsync(Sku, file, "format=text&name=again.txt")).Exit);
        Assert.Equal(Keys + 5, await shop.CountAsync($"SELECT count(*) FROM shop.card_keys WHERE sku = '{Sku}'"));
        var audit = (await Shopctl.AuditAsync(shop)).Where(e => e.Action == "keys.import" && e.Outcome == AuditOutcome.Done).ToList();
        Assert.Collection(
            audit,
            e => Assert.Contains("10000 new of 10000 in new keys.txt", e.After, StringComparison.Ordinal),
            e => Assert.Contains("0 new of 10000 in again.txt", e.After, StringComparison.Ordinal));

        var wrong = await console.ImportAsync(Sku, "no header\n", "format=csv&name=x.csv");
        Assert.Equal(1, wrong.Exit);
        Assert.Contains("has not the header", wrong.Text, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.BadRequest, (await console.ImportAsync(Sku, "a\n", "format=xlsx")).Status);
    }

    private static async Task AReplayTakesTwoAsync(RunningShop shop, ConsoleCaller console)
    {
        var order = await shop.PlaceAsync(Sku);
        await shop.UntilAsync(order, "delivered");
        var range = $$"""{"topic":"{{Topics.Orders.Name}}","from":"0"}""";
        var plan = await console.RunAsync("replay.plan", range, more: "");
        Assert.True(plan.Exit == 0, plan.Text);
        Assert.Contains("A dry run: nothing was changed.", plan.Lines, StringComparison.Ordinal);

        var asked = await console.RunAsync("replay.run", range);
        Assert.True(asked.Exit == 5, asked.Text);
        var approve = await new AdminCaller(shop).PostAsync($"/v1/admin/approvals/{asked.ApprovalId}/approve", "bob", """{"why":"seen"}""");
        Assert.Equal(HttpStatusCode.OK, approve.Status);
        var done = await console.RunAsync("replay.run", range, $"\"why\":\"a test\",\"approval\":\"{asked.ApprovalId}\"");
        Assert.True(done.Exit == 0, done.Text);
        Assert.Equal("[]", (await console.RunAsync("replay.list", more: "")).Lines);

        var story = await console.RunAsync("order.story", $$"""{"id":"{{order.Id}}"}""", more: "");
        Assert.Equal(order.Id, JsonDocument.Parse(story.Lines).RootElement.GetProperty("orderId").GetString());
    }

    private static async Task TheOverviewTellsAsync(ConsoleCaller console)
    {
        JsonElement look = default;
        await Eventually.TrueAsync(
            async () =>
            {
                look = (await console.GetAsync("/v1/admin/overview")).Said[0];
                return look.TryGetProperty("latency", out _) && look.TryGetProperty("deadLetters", out _)
                    && look.TryGetProperty("errorQueue", out _) && look.GetProperty("queueAgeSeconds").GetDouble() == 0;
            },
            () => $"the overview tells everything: {look}");
        Assert.Equal((1, 1), (look.GetProperty("totals").GetProperty("accepted").GetInt64(), look.GetProperty("totals").GetProperty("delivered").GetInt64()));
        Assert.Equal(1, look.GetProperty("latency").GetProperty("count").GetInt32());
        Assert.InRange(look.GetProperty("latency").GetProperty("p99").GetDouble(), 0, 60_000);
        Assert.Equal((0, 0), (look.GetProperty("deadLetters").GetInt64(), look.GetProperty("errorQueue").GetInt64()));
        Assert.Empty(look.GetProperty("away").EnumerateArray());
        Assert.Equal(
            ["orders 1", "payments 1", "delivery 1", "notifications 1"],
            look.GetProperty("fleets").EnumerateArray().Select(f => $"{f.GetProperty("group").GetString()} {f.GetProperty("members").GetInt32()}"));
    }

    private static async Task LogOutAsync(RunningShop shop, ConsoleCaller console)
    {
        Assert.Equal(HttpStatusCode.Unauthorized, (await console.SendAsync(HttpMethod.Delete, "/v1/admin/session", console: null)).Status);
        var gone = await console.SendAsync(HttpMethod.Delete, "/v1/admin/session");
        Assert.Equal(HttpStatusCode.NoContent, gone.Status);
        var set = gone.Message.Headers.GetValues("Set-Cookie").Single();
        Assert.StartsWith("cardshop_ops=;", set, StringComparison.Ordinal);
        Assert.Contains("path=/v1/admin", set, StringComparison.Ordinal);
        console.Cookie = null;
        Assert.Equal(HttpStatusCode.Unauthorized, (await console.RunAsync("replay.list", more: "")).Status);
        Assert.DoesNotContain(await Shopctl.AuditAsync(shop), e => e.Via == "shopctl" && e.Outcome == AuditOutcome.Refused);
    }
}
