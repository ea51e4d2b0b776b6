using System.Threading.Channels;
using CardShop.Pipeline;
using CardShop.Pipeline.Batches;
using CardShop.Pipeline.Bus;
using CardShop.Pipeline.Outbox;
using CardShop.Tests.Simulation.Engine;
using RabbitMQ.Client;

namespace CardShop.Tests.Simulation.Servers;

/// <param name="Latency">The longest way of a command to its queue, and of an answer.</param>
/// <param name="Fails">Of a command that is not taken.</param>
/// <param name="LostConfirm">Of a command that is taken, and its client is told that it may not be.</param>
/// <param name="Duplicate">Of a command that is there twice.</param>
/// <param name="Reorder">Of a command that overtakes others.</param>
/// <param name="LostAck">Of an acknowledgement that does not arrive.</param>
internal sealed record BusFaults(
    TimeSpan Latency, double Fails, double LostConfirm, double Duplicate, double Reorder, double LostAck)
{
    public static readonly BusFaults None = new(TimeSpan.Zero, 0, 0, 0, 0, 0);
}

/// <summary>A command as the broker holds it.</summary>
internal sealed record BusMessage(
    string Queue, string MessageId, string Type, string ConversationId, long Commit, int Rounds, byte[] Body);

/// <summary>
/// A simulated RabbitMQ: commands stay until they are acknowledged; they come twice, late, in another order, and again
/// when a connection breaks.
/// </summary>
internal sealed class SimBus(Sim sim, BusFaults faults)
{
    private static readonly IReadOnlyBasicProperties NoProperties = new BasicProperties();

    private readonly Dictionary<string, List<BusMessage>> _queues = [];
    private readonly Dictionary<string, List<BusConsumer>> _consumers = [];
    private readonly List<(string Queue, CancellationTokenSource Void)> _delayed = [];
    private int _underWay;

    public BusFaults Faults => faults;

    public long DownUntil { get; set; }

    public bool IsDown => DownUntil > sim.Now;

    public List<(BusMessage Message, string Failure)> Errors { get; } = [];

    /// <summary>Told before an acknowledgement is taken: the process, the command, when it was handed over, in steps.</summary>
    public Action<SimProcess, BusMessage, long>? OnAck { get; set; }

    /// <summary>Commands that a process has sent on, to a delayed queue or as an error, and may acknowledge therefore.</summary>
    internal HashSet<(int Process, string MessageId)> HandedOn { get; } = [];

    /// <summary>Nothing waits, is under way, or is in anybody's hands.</summary>
    public bool IsQuiet =>
        _underWay == 0 && _queues.Values.All(q => q.Count == 0) && _consumers.Values.All(c => c.All(k => k.Unsettled.Count == 0));

    public SimBusClient Connect(SimProcess process) => new(sim, this, process);

    public void Publish(BusMessage message)
    {
        var copies = sim.Chance(faults.Duplicate) ? 2 : 1;
        for (var i = 0; i < copies; i++)
        {
            _underWay++;
            sim.After(sim.Between(TimeSpan.Zero, faults.Latency), () =>
            {
                _underWay--;
                Enqueue(message);
            });
        }
    }

    public void Delay(BusMessage message, TimeSpan wait)
    {
        var purged = new CancellationTokenSource();
        var entry = (message.Queue, purged);
        _delayed.Add(entry);
        _underWay++;
        sim.After(wait, () =>
        {
            _underWay--;
            if (_delayed.Remove(entry) && !purged.IsCancellationRequested)
            {
                Enqueue(message);
            }

            purged.Dispose();
        });
    }

    public uint Depth(string queue) => (uint)Queue(queue).Count;

    public long Purge(IReadOnlyList<string> queues)
    {
        var removed = 0L;
        foreach (var queue in queues)
        {
            removed += Queue(queue).Count;
            Queue(queue).Clear();
        }

        foreach (var (_, purged) in _delayed.Where(d => queues.Contains(d.Queue)))
        {
            purged.Cancel();
            removed++;
        }

        sim.Note("bus purged");
        return removed;
    }

    /// <summary>A connection breaks: what its consumer has in hand comes again, to somebody.</summary>
    public void DropConnection()
    {
        var consumers = _consumers.OrderBy(c => c.Key, StringComparer.Ordinal).SelectMany(c => c.Value).ToList();
        if (consumers.Count > 0)
        {
            Return(consumers[sim.Random.Next(consumers.Count)]);
            sim.Note("bus connection drops");
        }
    }

    internal void Attach(BusConsumer consumer)
    {
        if (!_consumers.TryGetValue(consumer.Queue, out var consumers))
        {
            _consumers[consumer.Queue] = consumers = [];
        }

        consumers.Add(consumer);
        consumer.Process.OnDeath.Add(() =>
        {
            consumers.Remove(consumer);
            Return(consumer);
        });
    }

    internal BusMessage? Take(BusConsumer consumer)
    {
        var queue = Queue(consumer.Queue);
        if (IsDown || queue.Count == 0 || consumer.Unsettled.Count >= consumer.Prefetch)
        {
            return null;
        }

        var message = queue[0];
        queue.RemoveAt(0);
        return message;
    }

    internal BusIncoming ToIncoming(BusConsumer consumer, BusMessage message)
    {
        var tag = ++consumer.LastTag;
        consumer.Unsettled[tag] = message;
        return new(
            message.Queue, message.MessageId, message.Type, message.ConversationId, message.Commit, message.Rounds, message.Body,
            NoProperties, new Settlement(sim, this, consumer, tag, sim.Steps));
    }

    private List<BusMessage> Queue(string name)
    {
        if (!_queues.TryGetValue(name, out var queue))
        {
            _queues[name] = queue = [];
        }

        return queue;
    }

    private void Enqueue(BusMessage message)
    {
        var queue = Queue(message.Queue);
        queue.Insert(sim.Chance(faults.Reorder) ? sim.Random.Next(queue.Count + 1) : queue.Count, message);
        sim.Note("bus " + message.Queue, message.MessageId);
        foreach (var consumer in _consumers.GetValueOrDefault(message.Queue) ?? [])
        {
            consumer.Wake();
        }
    }

    private void Return(BusConsumer consumer)
    {
        var messages = consumer.Unsettled.OrderBy(u => u.Key).Select(u => u.Value).ToList();
        consumer.Unsettled.Clear();
        messages.ForEach(Enqueue);
    }

    private sealed class Settlement(Sim sim, SimBus bus, BusConsumer consumer, long tag, long at) : IDeliverySettlement
    {
        public ValueTask AckAsync()
        {
            if (!consumer.Unsettled.TryGetValue(tag, out var message))
            {
                return ValueTask.CompletedTask;
            }

            if (!bus.HandedOn.Remove((consumer.Process.Id, message.MessageId)))
            {
                bus.OnAck?.Invoke(consumer.Process, message, at);
            }

            if (sim.Chance(bus.Faults.LostAck))
            {
                // The channel breaks with it.
                bus.Return(consumer);
                return ValueTask.CompletedTask;
            }

            consumer.Unsettled.Remove(tag);
            consumer.Wake();
            return ValueTask.CompletedTask;
        }
    }
}

internal sealed class BusConsumer(string queue, ushort prefetch, SimProcess process)
{
    private TaskCompletionSource? _idle;

    public string Queue => queue;

    public ushort Prefetch => prefetch;

    public SimProcess Process => process;

    public long LastTag { get; set; }

    public Dictionary<long, BusMessage> Unsettled { get; } = [];

    public Task IdleAsync()
    {
        _idle = new(TaskCreationOptions.RunContinuationsAsynchronously);
        return _idle.Task;
    }

    public void Wake()
    {
        _idle?.TrySetResult();
        _idle = null;
    }
}

/// <summary>What one process has of the bus.</summary>
internal sealed class SimBusClient(Sim sim, SimBus bus, SimProcess process) : IBus
{
    public async Task<IReadOnlyList<SendFailure>> SendAllAsync(
        IReadOnlyList<OutCommand> commands, long commit, CancellationToken cancellation)
    {
        await TravelAsync();
        var failures = new List<SendFailure>();
        for (var i = 0; i < commands.Count; i++)
        {
            if (bus.IsDown || sim.Chance(bus.Faults.Fails))
            {
                failures.Add(new(i, "the bus did not take it"));
                continue;
            }

            var c = commands[i];
            bus.Publish(new(c.Queue, c.MessageId, c.Type, c.ConversationId, commit, 0, c.Body));
            if (sim.Chance(bus.Faults.LostConfirm))
            {
                failures.Add(new(i, "the confirm was lost"));
            }
        }

        await TravelAsync();
        return failures;
    }

    public async Task ConsumeAsync(
        string queue, ushort prefetch, ChannelWriter<Incoming> output, CancellationToken cancellation)
    {
        var consumer = new BusConsumer(queue, prefetch, process);
        bus.Attach(consumer);
        while (true)
        {
            if (bus.IsDown)
            {
                await sim.Sleep(TimeSpan.FromSeconds(1));
            }
            else if (bus.Take(consumer) is { } message)
            {
                await output.WriteAsync(bus.ToIncoming(consumer, message), cancellation);
            }
            else
            {
                await consumer.IdleAsync();
            }
        }
    }

    public async Task RetryLaterAsync(BusIncoming command, int round, CancellationToken cancellation)
    {
        await RequireAsync();
        bus.HandedOn.Add((process.Id, command.MessageId));
        bus.Delay(ToMessage(command, round + 1), RetryPolicy.Delays[round].Delay);
        sim.Note("bus retry later", command.MessageId);
    }

    public async Task SendToErrorAsync(BusIncoming command, Exception failure, CancellationToken cancellation)
    {
        await RequireAsync();
        bus.HandedOn.Add((process.Id, command.MessageId));
        bus.Errors.Add((ToMessage(command, command.DelayedRounds), failure.ToString()));
        sim.Note("bus error", command.MessageId, failure.Message);
    }

    public Task DeclareAsync(IReadOnlyList<string> queues, string errorQueue, CancellationToken cancellation) =>
        Task.CompletedTask;

    public async Task<IReadOnlyDictionary<string, uint>> DepthsAsync(
        IReadOnlyList<string> queues, CancellationToken cancellation)
    {
        await RequireAsync();
        return queues.ToDictionary(q => q, bus.Depth);
    }

    public async Task<long> PurgeAsync(IReadOnlyList<string> queues, CancellationToken cancellation)
    {
        await RequireAsync();
        return bus.Purge(queues);
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private static BusMessage ToMessage(BusIncoming command, int rounds) => new(
        command.Queue, command.MessageId, command.Type!, command.ConversationId!, command.Commit, rounds, command.Body);

    private Task TravelAsync() => bus.Faults.Latency > TimeSpan.Zero
        ? sim.Sleep(sim.Between(TimeSpan.Zero, bus.Faults.Latency))
        : Task.CompletedTask;

    private async Task RequireAsync()
    {
        await TravelAsync();
        if (bus.IsDown)
        {
            throw new PlaceException("the bus is away");
        }
    }
}
