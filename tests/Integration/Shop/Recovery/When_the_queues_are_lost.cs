using System.Diagnostics;
using CardShop.Local.Servers;
using CardShop.Tests.Integration.Servers;
using Npgsql;
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

    [Fact]
    public async Task A_row_that_a_stopped_fleet_holds_is_waited_for()
    {
        await using var shop = await RunningShop.StartAsync(servers);
        await using var holder = await shop.Database.OpenConnectionAsync();
        await using var transaction = await holder.BeginTransactionAsync();
        await using (var hold = new NpgsqlCommand("SET LOCAL idle_in_transaction_session_timeout = 0; UPDATE shop.commit_no SET n = n", holder, transaction))
        {
            await hold.ExecuteNonQueryAsync();
        }

        var refilling = Shopctl.RunAsync(shop, "recover", "--work", "--why", "RabbitMQ was lost");
        await Eventually.TrueAsync(async () => await WaitsAsync(shop) is not null, "the refill waits for the row");
        var first = await WaitsAsync(shop);
        await Eventually.TrueAsync(
            async () => await WaitsAsync(shop) is { } again && again > first, "it has given up once, and tries again");
        await transaction.RollbackAsync();
        Assert.Equal(0, await refilling);
    }

    /// <summary>Since when the refill waits for the commit number; null while it does not.</summary>
    private static async Task<DateTime?> WaitsAsync(RunningShop shop)
    {
        await using var command = shop.Database.CreateCommand(
            """
            SELECT query_start FROM pg_stat_activity
            WHERE datname = current_database() AND wait_event_type = 'Lock' AND query = 'UPDATE shop.commit_no SET n = n + $1'
            """);
        return await command.ExecuteScalarAsync() as DateTime?;
    }
}
