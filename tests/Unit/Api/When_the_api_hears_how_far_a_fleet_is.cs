using System.Text;
using System.Text.Json;
using CardShop.Api;
using CardShop.Api.Tables;
using CardShop.Contracts;
using CardShop.Pipeline.Batches;
using CardShop.Pipeline.Log;
using CardShop.Tests.Unit.Pipeline;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace CardShop.Tests.Unit.Api;

public sealed class When_the_api_hears_how_far_a_fleet_is
{
    private static readonly DateTimeOffset Start = new ManualTime().GetUtcNow();

    [Fact]
    public async Task An_order_behind_it_has_a_place_and_one_before_it_has_none()
    {
        using var tables = await HearAsync(Pulse(40, 10));
        Assert.Equal(new QueuePlace(11, 2), tables.PlaceOf(3, 50));
        Assert.Equal(1, tables.PlaceOf(3, 40)?.Position);
        Assert.Null(tables.PlaceOf(3, 39));
    }

    [Fact]
    public async Task The_last_word_holds_and_a_fleet_that_stands_keeps_its_rate()
    {
        using var tables = await HearAsync(Pulse(40, 10), Pulse(30, 0));
        Assert.Equal(new QueuePlace(21, 3), tables.PlaceOf(3, 50));
    }

    [Fact]
    public async Task While_no_fleet_says_a_word_the_estimate_grows()
    {
        var time = new ManualTime();
        time.Advance(TimeSpan.FromSeconds(24));
        using var tables = await HearAsync(time, Pulse(40, 10));
        Assert.Equal(new QueuePlace(11, 2), tables.PlaceOf(3, 50));
        time.Advance(TimeSpan.FromSeconds(36));
        Assert.Equal(new QueuePlace(11, 62), tables.PlaceOf(3, 50));
        Assert.Equal(new QueuePlace(51, 51), tables.PlaceOf(4, 50)); // nothing was ever heard of it
    }

    private static Pulse Pulse(long next, double rate) => new("orders", Topics.Orders.Name, 3, next, rate, Start);

    private static Task<ShopTables> HearAsync(params Pulse[] pulses) => HearAsync(new ManualTime(), pulses);

    private static async Task<ShopTables> HearAsync(TimeProvider time, params Pulse[] pulses)
    {
        await using var log = new FakeLog(new())
        {
            Followed = [.. pulses.Select((pulse, i) => new LogIncoming(
                new PartitionKey(Topics.Pulse.Name, 0), i, "orders/shop.orders.v1/3",
                Encoding.UTF8.GetBytes(JsonSerializer.Serialize(pulse, ContractsJson.Default.Pulse)), null, 0, Start, null))],
        };
        var settings = new ApiSettings('a', true, new("none:1", "api", TimeSpan.FromSeconds(15), TimeSpan.Zero), null, "none", 1, 1);
        var tables = new ShopTables(log, settings, time, NullLogger<ShopTables>.Instance);
        await tables.StartAsync(TestContext.Current.CancellationToken);

        // The host runs it on a thread of the pool.
        Assert.True(SpinWait.SpinUntil(() => tables.Ready, TimeSpan.FromSeconds(30)));
        return tables;
    }
}
