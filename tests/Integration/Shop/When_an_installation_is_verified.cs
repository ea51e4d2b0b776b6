using System.Net;
using System.Text.Json;
using CardShop.Shopctl.Settings;
using CardShop.Shopctl.Terminal;
using CardShop.Tests.Integration.Servers;
using Xunit;

namespace CardShop.Tests.Integration.Shop;

/// <summary>An operator's round on a running shop: preflight, verify, the channels' switch, an incident report; then the log dies.</summary>
public sealed class When_an_installation_is_verified(TestServers servers)
{
    [Fact]
    public async Task It_is_found_sound_and_what_was_done_and_what_is_away_is_told()
    {
        await using var shop = await RunningShop.StartAsync(servers);
        await Eventually.TrueAsync(async () => await StatusAsync(shop, "/healthz/ready") == HttpStatusCode.OK, "the API is ready");
        await PreflightAsync(shop);
        await VerifyAsync(shop);
        Assert.Equal(ExitCodes.Ok, (await RunAsync(shop, "stock", "VERIFY", "--check")).Code);

        Assert.Equal(ExitCodes.Ok, (await RunAsync(shop, "channels", "off", "alipay", "--why", "maintenance")).Code);
        await Eventually.TrueAsync(async () => !await IsUpAsync(shop, "alipay"), "buyers are told that alipay is down");
        Assert.Contains("switched off by ann: maintenance", (await RunAsync(shop, "channels")).Text, StringComparison.Ordinal);
        Assert.Equal(ExitCodes.Ok, (await RunAsync(shop, "channels", "on", "alipay", "--why", "done")).Code);
        await Eventually.TrueAsync(() => IsUpAsync(shop, "alipay"), "alipay is in use again");
        await ReportAsync(shop);

        await shop.Broker.KillAsync();
        await Eventually.TrueAsync(
            async () => await StatusAsync(shop, "/healthz/ready") == HttpStatusCode.ServiceUnavailable, "the API is not ready");
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(shop, "/healthz/live"));
        var (code, text) = await RunAsync(shop, "preflight");
        Assert.Equal(ExitCodes.Unreachable, code);
        Assert.Contains($"Kafka at {shop.Setting("Kafka:BootstrapServers")}", text, StringComparison.Ordinal);
    }

    /// <summary>How full the machine's disks are is the machine's own affair.</summary>
    private static async Task PreflightAsync(RunningShop shop)
    {
        var (_, text) = await RunAsync(shop, "preflight", "--json");
        var checks = Checks(text);
        Assert.DoesNotContain(checks, c => c.Area != "disk" && c.Verdict is "warn" or "fail" or "unreachable" or "setting");
        Assert.Superset(
            new HashSet<string> { "machine", "PostgreSQL", "Kafka", "RabbitMQ", "secrets", "payment channels", "clock", "shop", "certificates" },
            checks.Select(c => c.Area).ToHashSet());
        Assert.Equal(0, await shop.CountAsync("SELECT count(*) FROM pg_class WHERE relname LIKE 'preflight%'"));
    }

    private static async Task VerifyAsync(RunningShop shop)
    {
        var (_, text) = await RunAsync(shop, "verify", shop.Api.AbsoluteUri, "--seconds", "1", "--json");
        var checks = Checks(text);
        // How fast a busy machine answers is not what this test is about.
        Assert.DoesNotContain(checks, c => c.Area != "performance" && c.Verdict is "warn" or "fail");
        Assert.Contains(checks, c => c.Check == "delivered");
        Assert.Contains(checks, c => c.Check == "cancelled");
        Assert.Contains(checks, c => c is { Check: "admin without a key", Verdict: "ok" });
        Assert.DoesNotContain("VERIFY", (await shop.ProductsAsync()).Keys);
    }

    private async Task ReportAsync(RunningShop shop)
    {
        var file = servers.NewFolder("report");
        Assert.Equal(ExitCodes.Ok, (await RunAsync(shop, "incident", "--from", "10m", "--out", file)).Code);
        var report = await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken);
        Assert.Contains("| ann | channel.switch | alipay | maintenance | - | done |", report, StringComparison.Ordinal);
        Assert.Contains("alipay is", report, StringComparison.Ordinal);
        Assert.Contains("| payments notified | 1 | 1 |", report, StringComparison.Ordinal);
        Assert.Contains("| delivered | 1 |", report, StringComparison.Ordinal);
        Assert.DoesNotContain("example.org", report, StringComparison.Ordinal);
    }

    private static async Task<(int Code, string Text)> RunAsync(RunningShop shop, params string[] arguments)
    {
        using var results = new StringWriter();
        using var errors = new StringWriter();
        var settings = new ShopctlSettings(
            name => name switch
            {
                ShopctlSettings.ApiName => shop.Api.AbsoluteUri,
                ShopctlSettings.SandboxName => shop.Sandbox.AbsoluteUri,
                ShopctlSettings.OperatorKeyName => Shopctl.KeyOf(Shopctl.First),
                _ => shop.Setting(name.Replace("__", ":", StringComparison.Ordinal)),
            },
            () => shop.Settings.ToDictionary(s => s.Key, s => (string?)s.Value));
        var code = await CommandTree.RunAsync(new(settings, TimeProvider.System, new Screen(results, errors)), arguments);
        Assert.False(results.ToString().Length == 0 && code != ExitCodes.Ok, $"exit code {code}: {errors}");
        return (code, arguments.Contains("--json") ? results.ToString() : results.ToString() + errors);
    }

    private static List<(string Area, string Check, string Verdict)> Checks(string json)
    {
        using var document = JsonDocument.Parse(json);
        return
        [
            .. document.RootElement.GetProperty("checks").EnumerateArray().Select(c => (
                c.GetProperty("area").GetString()!, c.GetProperty("check").GetString()!, c.GetProperty("verdict").GetString()!)),
        ];
    }

    private static async Task<bool> IsUpAsync(RunningShop shop, string channel)
    {
        using var json = JsonDocument.Parse(await shop.Http.GetStringAsync(new Uri(shop.Api, "/v1/products")));
        return json.RootElement.GetProperty("channels").EnumerateArray()
            .Single(c => c.GetProperty("name").GetString() == channel).GetProperty("up").GetBoolean();
    }

    private static async Task<HttpStatusCode> StatusAsync(RunningShop shop, string path)
    {
        using var answer = await shop.Http.GetAsync(new Uri(shop.Api, path));
        return answer.StatusCode;
    }
}
