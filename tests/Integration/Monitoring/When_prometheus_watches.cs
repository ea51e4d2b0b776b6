using System.Diagnostics;
using System.Globalization;
using System.Text;
using CardShop.Contracts;
using CardShop.Local.Instance;
using CardShop.Local.Parts;
using CardShop.Tests.Integration.Servers;
using CardShop.Tests.Integration.Shop;
using Xunit;

namespace CardShop.Tests.Integration.Monitoring;

/// <summary>A real Prometheus on a real fleet process. Every alert by its fault: tests/alerts.</summary>
public sealed class When_prometheus_watches(TestServers servers)
{
    [Fact]
    public async Task Its_pages_are_read_and_faults_become_alerts()
    {
        await using var shop = await RunningShop.StartAsync(servers, fleets: false);
        using var fleet = StartFleet(shop, out var page);
        try
        {
            await shop.AddProductAsync("WATCHED", keys: 3);
            var rules = Path.Combine(InstanceLayout.Around(AppContext.BaseDirectory).Root, "k8s", "monitoring", "rules");
            await using var prometheus = await PrometheusServer.StartAsync(
                rules, servers.NewFolder("prometheus"), [("cardshop-fleet", page), ("cardshop-api", shop.Api)]);
            await Eventually.TrueAsync(
                async () => await prometheus.TargetsAsync() is ["up", "up"],
                "both pages are read");
            Assert.DoesNotContain("StockDrift", await prometheus.FiringAsync());
            Assert.DoesNotContain("DeadLetters", await prometheus.FiringAsync());

            await shop.CountAsync(
                "WITH u AS (UPDATE shop.stock SET available = available + 2, imported = imported + 2 WHERE sku = 'WATCHED' RETURNING 1) SELECT count(*) FROM u");
            await shop.Log.ProduceAsync(
                new(Topics.Orders.Name, 0, "WATCHED"u8.ToArray(), "no order"u8.ToArray(), [new(RecordHeaders.Type, "nonsense"u8.ToArray())]),
                CancellationToken.None);
            IReadOnlyList<string> firing = [];
            var seen = new HashSet<string>();
            var next = DateTime.MinValue;
            await Eventually.TrueAsync(
                async () =>
                {
                    if (DateTime.UtcNow >= next)
                    {
                        // Again and again: a counter that is first seen at its end has not grown.
                        next = DateTime.UtcNow.AddMilliseconds(500);
                        using var forged = new StringContent("sign=forged", Encoding.ASCII, "application/x-www-form-urlencoded");
                        using var answer = await shop.Http.PostAsync(new Uri(shop.Api, "/v1/payments/alipay/notify"), forged);
                    }

                    firing = await prometheus.FiringAsync();
                    seen.UnionWith(firing);
                    return seen.IsSupersetOf(["StockDrift", "DeadLetters", "PaymentCallbacksFailing"]);
                },
                () => $"three alerts fire; seen: {string.Join(", ", seen)}");
        }
        finally
        {
            fleet.Kill();
            await fleet.WaitForExitAsync();
        }
    }

    private static Process StartFleet(RunningShop shop, out Uri page)
    {
        var port = FreePorts.Pick();
        page = new(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}"));
        var start = new ProcessStartInfo("dotnet", [DotnetProgram.Find("CardShop.Fleet"), "--fleet", "all"])
        {
            Environment =
            {
                ["Metrics__Port"] = port.ToString(CultureInfo.InvariantCulture),
                ["Metrics__SurveySeconds"] = "1",
                ["Logging__Format"] = "json",
                ["Logging__LogLevel__Default"] = "Error",
            },
        };
        foreach (var (name, value) in shop.Settings)
        {
            start.Environment[name.Replace(":", "__", StringComparison.Ordinal)] = value;
        }

        return Process.Start(start)!;
    }
}
