using CardShop.Contracts;
using CardShop.Pipeline;
using CardShop.Pipeline.Batches;
using CardShop.Shop.Payments;
using CardShop.Shop.Store;
using CardShop.Tests.Simulation.Engine;
using CardShop.Tests.Simulation.Mutants;
using CardShop.Tests.Simulation.Servers;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace CardShop.Tests.Simulation.World;

/// <param name="Violation">Null where all invariants held.</param>
internal sealed record SeedResult(
    int Seed, ulong Hash, long Steps, TimeSpan Virtual, string? Violation, IReadOnlyList<string> Trace,
    IReadOnlyDictionary<string, int> Marks);

/// <summary>One shop with its servers, fleets, buyers and faults, from one seed.</summary>
internal sealed class ShopWorld
{
    private const long MaxSteps = 2_000_000;
    private static readonly TimeSpan RestAfter = TimeSpan.FromMinutes(40);

    private readonly List<SimFleet> _fleets = [];
    private readonly HashSet<string> _liedAbout = [];
    private readonly ShopFront _front;
    private readonly LastLook _look;
    private int _born;
    private int _operators;
    private long _lossOver = -1;

    private ShopWorld(int seed, Mutant mutant, bool isTraced)
    {
        Sim = new(seed, isTraced);
        Mutant = mutant;
        Swarm = mutant.Swarm(Swarm.Draw(Sim.Random, new(seed ^ 0x5bd1e995)));
        Store = new(Sim, Swarm.Store);
        Log = new(Sim, Swarm.Log);
        Bus = new(Sim, Swarm.Bus);
        Providers = [.. Swarm.Channels.Select(c => new SimProvider(Sim, c, Swarm.Provider))];
        Checker = new(Sim, Store, Log, Bus, Providers);
        Api = new(Sim, _born++, "outside");
        _front = new(this);
        _look = new(Sim, Store, Log, Bus, Checker, Providers, _liedAbout);
    }

    public Sim Sim { get; }

    public Mutant Mutant { get; }

    public Swarm Swarm { get; }

    public SimStore Store { get; }

    public SimLog Log { get; }

    public SimBus Bus { get; }

    public IReadOnlyList<SimProvider> Providers { get; }

    public Checker Checker { get; }

    public SimProcess Api { get; }

    public static SeedResult Run(int seed, Mutant? mutant = null, bool isTraced = false)
    {
        var context = SynchronizationContext.Current;
        try
        {
            var world = new ShopWorld(seed, mutant ?? Mutant.None, isTraced);
            world.Run();
            return new(
                seed, world.Sim.Hash, world.Sim.Steps, TimeSpan.FromTicks(world.Sim.Now), world.Sim.Violation, world.Sim.Trace,
                world.Sim.Marks);
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(context);
        }
    }

    public void HasLied(string orderId) => _liedAbout.Add(orderId);

    public ILoggerFactory Logs(string process) =>
        Sim.IsTraced ? new TraceLogs(Sim, process) : NullLoggerFactory.Instance;

    /// <summary>A loop of a process has ended, which none may: the process goes down, and its supervisor starts it again.</summary>
    public void Ended(SimFleet fleet, Exception? failure)
    {
        if (failure is null || !Failures.IsPlace(failure))
        {
            Sim.Fail($"A loop of {fleet.Process.Name} ended: {failure}");
        }

        Kill(fleet);
    }

    private void Run()
    {
        Sim.Note("world", null, Sim.IsTraced ? Swarm.ToString() : null);
        _front.Open();
        foreach (var fleets in Swarm.Processes)
        {
            Start(fleets);
        }

        PlanFaults();
        if (!Sim.RunUntil(() => !Sim.Faults, long.MaxValue, MaxSteps) && Sim.Violation is null)
        {
            Sim.Fail($"Faults have not ended after {Sim.Steps} steps");
        }

        Settle();
        if (Swarm.Repeats && Sim.Violation is null && !_look.IsMoneyAwaited)
        {
            var before = _look.Picture();
            _front.RepeatInputs();
            Settle();
            if (Sim.Violation is null && _look.Picture() != before)
            {
                Sim.Fail($"8: repeating every input changed\n{before}\nto\n{_look.Picture()}");
            }
        }
    }

    private void Settle()
    {
        var limit = Sim.Now + RestAfter.Ticks;
        var looked = -1L;
        var unrest = "it was not looked at";
        bool IsAtRest()
        {
            // Looked at once a second at most: it reads everything.
            if (Sim.Now - looked >= TimeSpan.TicksPerSecond)
            {
                looked = Sim.Now;
                unrest = _front.IsQuiet && _operators == 0 && !Checker.IsLost && Sim.Now > _lossOver ? _look.Unrest() : "somebody outside is not done, or the loss is not mended";
            }

            return unrest is null;
        }

        if (Sim.RunUntil(IsAtRest, limit, MaxSteps))
        {
            _look.Check();
            _look.Mark();
        }
        else if (Sim.Violation is null)
        {
            Sim.Fail($"5: no rest after {RestAfter} without faults: {unrest}");
        }
    }

    private void PlanFaults()
    {
        Sim.After(Swarm.FaultsFor, EndFaults);
        if (Swarm.CrashEvery > 0)
        {
            Sim.Crash = () =>
            {
                if (Sim.Faults)
                {
                    Kill(_fleets[Sim.Random.Next(_fleets.Count)]);
                    Sim.CrashAfter(1 + Sim.Random.Next(2 * Swarm.CrashEvery));
                }
            };
            Sim.CrashAfter(1 + Sim.Random.Next(2 * Swarm.CrashEvery));
        }

        foreach (var (name, seconds) in Swarm.Events.Where(e => e.Value > 0))
        {
            Again(name, seconds);
        }

        for (var i = 0; i < Swarm.OperatorRefunds; i++)
        {
            var number = i;
            Sim.After(Swarm.FaultsFor * Sim.Random.NextDouble(), () => OperatorRefunds(number));
        }

        if (Swarm.Loss is var (backup, restore, killsAll))
        {
            StoreState? kept = null;
            _lossOver = (restore + TimeSpan.FromSeconds(36)).Ticks;
            Sim.After(backup, () => kept = Store.State.Copy());
            Sim.After(restore, () => Lose(kept!, killsAll));
        }
    }

    private void Again(string name, double seconds) => Sim.After(
        TimeSpan.FromSeconds(seconds * 2 * Sim.Random.NextDouble()), () =>
        {
            if (Sim.Faults)
            {
                Happen(name);
                Again(name, seconds);
            }
        });

    private void Happen(string name)
    {
        TimeSpan Long(double most) => Sim.Between(TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(most));
        Sim.Note("fault: " + name);
        Sim.Mark(name);
        switch (name)
        {
            case "pause":
                _fleets[Sim.Random.Next(_fleets.Count)].Process.PausedUntil = Sim.Now + Long(8).Ticks;
                break;
            case "rebalance":
                Log.Rebalance();
                break;
            case "clock jumps":
                _fleets[Sim.Random.Next(_fleets.Count)].Process.Clock.Skew = TimeSpan.FromSeconds(20 * (Sim.Random.NextDouble() - 0.5));
                break;
            case "bus drops":
                Bus.DropConnection();
                break;
            case "bus loses all":
                Bus.Purge(Queues.Work);
                break;
            case "bus away":
                Bus.DownUntil = Sim.Now + Long(20).Ticks;
                break;
            case "log away":
                Log.DownUntil = Sim.Now + Long(Sim.Random.Next(3) == 0 ? 90 : 10).Ticks;
                break;
            case "database crashes":
                if (!Store.IsDown)
                {
                    Store.Crash(Long(10));
                }

                break;
            default:
                Providers[Sim.Random.Next(Providers.Count)].DownUntil = Sim.Now + Long(15).Ticks;
                break;
        }
    }

    /// <summary>An older database comes back after a while; when the fleets say that it is older, somebody recovers it.</summary>
    private void Lose(StoreState backup, bool killsAll)
    {
        // A restore takes longer than anybody keeps a committed row in hand.
        Store.Restore(backup, TimeSpan.FromSeconds(30));
        if (killsAll)
        {
            _fleets.ToList().ForEach(Kill);
        }

        Sim.After(TimeSpan.FromSeconds(29), Checker.Restored);
        Sim.After(TimeSpan.FromSeconds(35), Recover);
    }

    private void Recover()
    {
        if (!Store.IsDown && !Log.IsDown && !Bus.IsDown && _fleets.Any(f => f.Fence.IsFenced))
        {
            // Where the log proves nothing the command refuses, and says what helps. The log may have been away when the database
            // came back, and a fleet that lived through both commits its offsets afterwards: then it proves it now.
            if (Checker.IsLost || Checker.ProvesLoss)
            {
                new SimRecovery(Sim, Store, Log, Bus).Run();
                Sim.Mark("recovered");
                Checker.Recovered();
            }
            else
            {
                new SimRecovery(Sim, Store, Log, Bus).RefillWork(Swarm.ResendAfter);
                Sim.Mark("work refilled");
            }
        }

        Sim.After(TimeSpan.FromSeconds(5), Recover);
    }

    private void EndFaults()
    {
        Sim.Note("faults end");
        Sim.Faults = false;
        Store.DownUntil = Math.Min(Store.DownUntil, Sim.Now + (Swarm.Loss is null ? 0 : TimeSpan.FromSeconds(30).Ticks));
        Log.DownUntil = Bus.DownUntil = Sim.Now;
        foreach (var provider in Providers)
        {
            provider.DownUntil = Sim.Now;
        }
    }

    private void OperatorRefunds(int number)
    {
        var ids = Checker.Accepted.Keys.ToList();
        if (ids.Count == 0 || Store.IsDown)
        {
            return;
        }

        var id = ids[Sim.Random.Next(ids.Count)];
        Checker.OperatorRefunds.Add(id);
        var process = new SimProcess(Sim, _born++, "operator");
        _operators++;
        process.Start(() => RefundAsync(process, id, number), failure =>
        {
            _operators--;
            Sim.Note("operator", id, failure?.Message ?? "done");
            if (failure is not null && !Failures.IsPlace(failure) && !Failures.IsConflict(failure))
            {
                Sim.Fail("An operator's command failed: " + failure);
            }
        });
    }

    private async Task RefundAsync(SimProcess process, string id, int number)
    {
        var client = Store.Connect(process);
        var store = Mutant.Store(client, this, process);
        var fence = new RollbackFence(
            Log.Connect(process), Mutant.Fence(client), FleetGroups.All, Logs(process.Name).CreateLogger<RollbackFence>());
        await fence.CheckAsync(CancellationToken.None);
        await new OperatorWork(store, fence, null, SimFleet.ShopOf(Swarm), process.Clock).RunAsync(
            new PaymentMessage.OperatorRefund(id, new("cmd-" + number, "operator", Sim.UtcNow), null, null, "asked for"),
            CancellationToken.None);
    }

    private void Start(Fleet.Fleets fleets)
    {
        var process = new SimProcess(Sim, _born, "fleet-" + _born++);
        process.Clock.Skew = Swarm.Skew * ((2 * Sim.Random.NextDouble()) - 1);
        _fleets.Add(new(this, process, fleets));
    }

    private void Kill(SimFleet fleet)
    {
        if (fleet.Process.IsDead)
        {
            return;
        }

        Sim.Note("killed", fleet.Process.Name);
        Sim.Mark("killed");
        fleet.Process.Kill();
        // The next is there at once, and begins when its supervisor gets to it.
        _fleets.Remove(fleet);
        Start(fleet.Fleets);
        _fleets[^1].Process.PausedUntil = Sim.Now + Sim.Between(TimeSpan.Zero, TimeSpan.FromSeconds(3)).Ticks;
    }
}
