using System.Diagnostics;
using CardShop.Local.Servers;
using CardShop.Tests.Integration.Servers;
using Xunit;

namespace CardShop.Tests.Integration.Shop.Recovery;

/// <summary>RabbitMQ carries work, and no facts: when it is lost with all its data, nothing else is.</summary>
public sealed class When_the_queues_are_lost(TestServers servers)
{
    [Fact]
    public async Task What_lost_commands_were_to_do_is_done_at_once()
    {
        await using var rabbit = RabbitMqServer.Create(servers.NewFolder("own-rabbitmq"));
        await rabbit.StartAsync();
        await using var disaster = await Disaster.StartAsync(
            servers, ("Sandbox:AutoPay", "true"), ("RabbitMq:Uri", rabbit.Uri));
        var half = Disaster.Orders / 2;
        await disaster.Shop.AddProductAsync("WORK", keys: Disaster.Orders + 100);
        await disaster.PlaceAsync("WORK", half);
        await disaster.DeliveredAsync(half);
        var before = await disaster.SoldKeysAsync();

        // The broker dies while orders are under way, and its data with it.
        var placing = disaster.PlaceAsync("WORK", Disaster.Orders - half);
        await Eventually.TrueAsync(
            async () => await disaster.CountAsync("SELECT count(*) FROM shop.mt_doc_paymentsaga") > half, "more are under way");
        await rabbit.KillAsync();
        await Disaster.RunAsync("rm", "-rf", rabbit.DataDirectory);
        await placing;
        await rabbit.StartAsync();
        var started = Stopwatch.GetTimestamp();
        Assert.Equal(0, await Shopctl.RunAsync(disaster.Shop, "recover", "--work", "--why", "RabbitMQ was lost"));
        disaster.Tell($"{Disaster.Orders:N0} orders: work refilled in {Stopwatch.GetElapsedTime(started).TotalSeconds:F1} s.");

        await disaster.DeliveredAsync(Disaster.Orders);
        disaster.Tell($"All delivered after {Stopwatch.GetElapsedTime(started).TotalSeconds:F1} s.");
        await disaster.SameKeysAsync(before);
        await disaster.CleanAsync();
        disaster.Save("queues");
    }
}
