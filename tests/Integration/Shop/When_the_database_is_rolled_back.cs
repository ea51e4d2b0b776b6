using System.Diagnostics;
using CardShop.Contracts;
using CardShop.Local.Servers;
using CardShop.Tests.Integration.Servers;
using Xunit;

namespace CardShop.Tests.Integration.Shop;

/// <summary>Invariant 10's first half: an older database is not worked on.</summary>
public sealed class When_the_database_is_rolled_back(TestServers servers)
{
    [Fact]
    public async Task Fleets_are_fenced_and_issue_nothing_while_orders_are_still_accepted()
    {
        await using var postgres = PostgresServer.Create(servers.NewFolder("own-postgres"));
        await postgres.StartAsync();
        await using var shop = await RunningShop.StartAsync(servers, new Dictionary<string, string>
        {
            ["Postgres:ConnectionString"] = postgres.ConnectionString,
            ["Sandbox:AutoPay"] = "true",
        });
        await shop.AddProductAsync("FENCE", keys: 300);
        await DeliverAsync(shop, 100, total: 100);
        await postgres.StopAsync();
        var copy = postgres.DataDirectory + "-copy";
        await RunAsync("cp", "-a", postgres.DataDirectory, copy);
        await postgres.RestartAsync();
        await DeliverAsync(shop, 100, total: 200);
        var events = await shop.RecordsAsync(Topics.Deliveries);

        await postgres.StopAsync();
        await RunAsync("rm", "-rf", postgres.DataDirectory);
        await RunAsync("cp", "-a", copy, postgres.DataDirectory);
        await postgres.RestartAsync();

        await Eventually.TrueAsync(
            () => Task.FromResult(shop.Fleet.Waiting?.StartsWith("fenced", StringComparison.Ordinal) == true),
            () => $"the running fleet is fenced; it says {shop.Fleet.Waiting}");
        await shop.StopFleetsAsync();
        shop.StartFleets();
        await Eventually.TrueAsync(
            () => Task.FromResult(shop.Fleet.Waiting?.StartsWith("fenced", StringComparison.Ordinal) == true),
            () => $"the restarted fleet is fenced; it says {shop.Fleet.Waiting}");
        shop.Database.Clear();
        var order = await shop.PlaceAsync("FENCE");
        var (_, view) = await shop.ShowAsync(order);
        Assert.Equal("queued", view.GetProperty("status").GetString());
        Assert.Equal(100, await shop.CountAsync("SELECT count(*) FROM shop.mt_doc_paymentsaga"));
        Assert.Equal(100, await shop.CountAsync("SELECT count(*) FROM shop.card_keys WHERE status = 'sold'"));
        Assert.Equal(events.Count, (await shop.RecordsAsync(Topics.Deliveries)).Count);
    }

    private static async Task DeliverAsync(RunningShop shop, int orders, int total)
    {
        await Parallel.ForEachAsync(
            Enumerable.Range(0, orders), new ParallelOptions { MaxDegreeOfParallelism = 16 },
            async (i, _) => await shop.PlaceAsync("FENCE", contact: $"buyer{i}@example.org"));
        await Eventually.TrueAsync(
            async () =>
            {
                try
                {
                    return await shop.CountAsync(
                        "SELECT count(*) FROM shop.mt_doc_deliverysaga WHERE data ->> 'status' = 'delivered'") == total
                        && await shop.CountAsync("SELECT count(*) FROM shop.outbox") == 0;
                }
                catch (Npgsql.NpgsqlException)
                {
                    return false;
                }
            },
            $"{total} orders are delivered");
    }

    private static async Task RunAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(program, arguments);
        await process.WaitForExitAsync();
        Assert.Equal(0, process.ExitCode);
    }
}
