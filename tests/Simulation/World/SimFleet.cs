using CardShop.Fleet;
using CardShop.Pipeline.Batches;
using CardShop.Pipeline.Bus;
using CardShop.Pipeline.Log;
using CardShop.Pipeline.Outbox;
using CardShop.Shop.Channels.Resilience;
using CardShop.Shop.Orders;
using CardShop.Shop.Store;
using CardShop.Tests.Simulation.Engine;
using Microsoft.Extensions.Logging;

namespace CardShop.Tests.Simulation.World;

/// <summary>One process of the fleets: the real loops on simulated servers.</summary>
internal sealed class SimFleet
{
    public SimFleet(ShopWorld world, SimProcess process, Fleets fleets)
    {
        Process = process;
        Fleets = fleets;
        var (sim, swarm, mutant) = (world.Sim, world.Swarm, world.Mutant);
        var random = new Random(sim.Random.Next());
        var logs = world.Logs(process.Name);
        var client = world.Store.Connect(process);
        IShopStore store = mutant.Store(client, world, process);
        IOutboxStore outbox = mutant.Outbox(client);
        ILog log = mutant.Log(world.Log.Connect(process), world);
        IBus bus = mutant.Bus(world.Bus.Connect(process));
        var channels = world.Providers.Select(p => p.Connect())
            .Select(c => c with { Channel = mutant.Channel(c.Channel, world) }).ToList();
        var settings = SettingsOf(swarm, fleets);
        Fence = new(log, mutant.Fence(client), FleetGroups.All, logs.CreateLogger<RollbackFence>());
        var dispatcher = new Dispatcher(
            outbox, log, bus, DispatchOptions.Default, process.Clock, random, logs.CreateLogger<Dispatcher>());
        var loops = new FleetLoops(
            new(log, bus, store, outbox, Fence, dispatcher), settings, channels, process.Clock, random, logs);
        foreach (var loop in loops.Loops)
        {
            process.Start(() => loop(CancellationToken.None), failure => world.Ended(this, failure));
        }
    }

    public SimProcess Process { get; }

    public Fleets Fleets { get; }

    public RollbackFence Fence { get; }

    public static FleetSettings SettingsOf(Swarm swarm, Fleets fleets) => new(
        fleets, new("none:1", "simulated", TimeSpan.FromSeconds(15), TimeSpan.Zero),
        new(new("amqp://none"), "simulated", 100, TimeSpan.FromSeconds(10)), string.Empty,
        BatchOptions.Default with { MaxMessages = swarm.BatchMessages }, ShopOf(swarm), 20, 50, 400, ResilienceOptions.Default)
    {
        // Few: worlds are small, and orders are to be held back in some of them.
        MaxQueuedPayments = swarm.BatchMessages,
        MaxPaymentCalls = 4,
    };

    public static ShopSettings ShopOf(Swarm swarm) => new(swarm.CheckEvery, swarm.ResendAfter)
    {
        Channels = swarm.Channels.ToDictionary(c => c, _ => (IReadOnlyList<string>)["default"]),
        MaxOpenPerContact = 3,
    };
}
