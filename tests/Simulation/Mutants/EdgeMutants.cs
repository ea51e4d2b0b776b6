using System.Threading.Channels;
using CardShop.Pipeline.Batches;
using CardShop.Pipeline.Bus;
using CardShop.Pipeline.Log;
using CardShop.Pipeline.Outbox;
using CardShop.Shop.Channels;
using CardShop.Shop.Store;
using CardShop.Tests.Simulation.Engine;
using CardShop.Tests.Simulation.Servers;
using CardShop.Tests.Simulation.World;

namespace CardShop.Tests.Simulation.Mutants;

/// <summary>A command is acknowledged when it arrives.</summary>
internal sealed class AckBeforeCommit() : Mutant("ack-before-commit", "A command is acknowledged before it is worked on.")
{
    public override IBus Bus(IBus bus) => new EarlyBus(bus);

    private sealed class EarlyBus(IBus bus) : IBus
    {
        public Task<IReadOnlyList<SendFailure>> SendAllAsync(
            IReadOnlyList<OutCommand> commands, long commit, CancellationToken cancellation) =>
            bus.SendAllAsync(commands, commit, cancellation);

        public Task ConsumeAsync(
            string queue, ushort prefetch, ChannelWriter<Incoming> output, CancellationToken cancellation) =>
            bus.ConsumeAsync(queue, prefetch, new EarlyWriter(output), cancellation);

        public Task RetryLaterAsync(BusIncoming command, int round, CancellationToken cancellation) =>
            bus.RetryLaterAsync(command, round, cancellation);

        public Task SendToErrorAsync(BusIncoming command, Exception failure, CancellationToken cancellation) =>
            bus.SendToErrorAsync(command, failure, cancellation);

        public Task DeclareAsync(IReadOnlyList<string> queues, string errorQueue, CancellationToken cancellation) =>
            bus.DeclareAsync(queues, errorQueue, cancellation);

        public Task<IReadOnlyDictionary<string, uint>> DepthsAsync(
            IReadOnlyList<string> queues, CancellationToken cancellation) => bus.DepthsAsync(queues, cancellation);

        public Task<long> PurgeAsync(IReadOnlyList<string> queues, CancellationToken cancellation) =>
            bus.PurgeAsync(queues, cancellation);

        public ValueTask DisposeAsync() => bus.DisposeAsync();
    }

    private sealed class EarlyWriter(ChannelWriter<Incoming> output) : ChannelWriter<Incoming>
    {
        public override bool TryWrite(Incoming item) => output.TryWrite(item);

        public override ValueTask<bool> WaitToWriteAsync(CancellationToken cancellationToken = default) =>
            output.WaitToWriteAsync(cancellationToken);

        public override async ValueTask WriteAsync(Incoming item, CancellationToken cancellationToken = default)
        {
            await ((BusIncoming)item).Settlement.AckAsync();
            await output.WriteAsync(item, cancellationToken);
        }
    }
}

/// <summary>Each call to a provider has a number of its own.</summary>
internal sealed class FreshNumbers(bool isRefund) : Mutant(
    isRefund ? "fresh-refund-number" : "fresh-provider-number",
    isRefund
        ? "Each try of a refund has a number of its own: the provider refunds each."
        : "Each try of a payment opens a trade of its own.")
{
    public override IPaymentChannel Channel(IPaymentChannel channel, ShopWorld world) => new Fresh(channel, world, isRefund);

    private sealed class Fresh(IPaymentChannel channel, ShopWorld world, bool isRefund) : IPaymentChannel
    {
        private int _tries;

        public string Name => channel.Name;

        public Task<ChannelAnswer> CreateAsync(PaymentRequest request, CancellationToken cancellation) =>
            channel.CreateAsync(isRefund ? request : request with { Number = request.Number[..^2] + Next() }, cancellation);

        public Task<ChannelAnswer> QueryAsync(PaymentRequest request, CancellationToken cancellation) =>
            channel.QueryAsync(request, cancellation);

        public Task<ChannelAnswer> CloseAsync(PaymentRequest request, CancellationToken cancellation) =>
            channel.CloseAsync(request, cancellation);

        public Task<ChannelAnswer> RefundAsync(RefundRequest request, CancellationToken cancellation) => channel.RefundAsync(
            isRefund ? request with { RefundNumber = request.RefundNumber + Next() } : request, cancellation);

        public NotificationCheck Verify(
            ReadOnlyMemory<byte> body, IReadOnlyDictionary<string, string> headers, DateTimeOffset arrivedAt) =>
            channel.Verify(body, headers, arrivedAt);

        public NotificationReply Reply(NotificationOutcome outcome) => channel.Reply(outcome);

        private string Next() => (((world.Sim.Random.Next(40) + (++_tries % 50)) % 90) + 10)
            .ToString(System.Globalization.CultureInfo.InvariantCulture);
    }
}

/// <summary>Commands go out as soon as the transaction is committed.</summary>
internal sealed class BusBeforeLog() : Mutant(
    "bus-before-log", "What is to be done is sent before the log knows why.")
{
    public override IShopStore Store(SimStoreClient client, ShopWorld world, SimProcess process)
    {
        var bus = world.Bus.Connect(process);
        return new StoreShell(client)
        {
            OnSave = async (save, _, next) =>
            {
                var commit = await next(save);
                await bus.SendAllAsync(save.Commands, commit, CancellationToken.None);
                return commit;
            },
        };
    }
}

/// <summary>The database says of itself that it is as new as can be.</summary>
internal sealed class NoFence() : Mutant("no-fence", "A database that is older than the log is worked on.")
{
    public override Swarm Swarm(Swarm swarm) => swarm.Loss is { } loss ? swarm with { Loss = loss with { KillsAll = true } } : swarm;

    public override IFenceDatabase Fence(SimStoreClient client) => new Blind(client);

    public override IShopStore Store(SimStoreClient client, ShopWorld world, SimProcess process) => new StoreShell(client)
    {
        OnLoad = l => l with { Opening = l.Opening with { CommitNo = long.MaxValue } },
    };

    private sealed class Blind(IFenceDatabase database) : IFenceDatabase
    {
        public Task<DateTimeOffset> StartedAtAsync(CancellationToken cancellation) => database.StartedAtAsync(cancellation);

        public async Task<FenceReading> ReadAsync(CancellationToken cancellation)
        {
            var reading = await database.ReadAsync(cancellation);
            return reading with { CommitNo = long.MaxValue, Progress = new Ahead() };
        }
    }

    private sealed class Ahead : Dictionary<(string Group, PartitionKey Partition), long>,
        IReadOnlyDictionary<(string Group, PartitionKey Partition), long>
    {
        bool IReadOnlyDictionary<(string Group, PartitionKey Partition), long>.TryGetValue(
            (string Group, PartitionKey Partition) key, out long value)
        {
            value = long.MaxValue;
            return true;
        }
    }
}

/// <summary>Records of a group are called processed when they are read.</summary>
internal sealed class OffsetAtRead() : Mutant("offset-at-read", "A record is called processed when it is read.")
{
    public override ILog Log(ILog log, ShopWorld world) => new EarlyLog(log);

    private sealed class EarlyLog(ILog log) : ILog
    {
        public Task<long> ProduceAsync(LogRecord record, CancellationToken cancellation) => log.ProduceAsync(record, cancellation);

        public Task<IReadOnlyList<ProduceFailure>> ProduceAllAsync(
            IReadOnlyList<LogRecord> records, CancellationToken cancellation) => log.ProduceAllAsync(records, cancellation);

        public ILogReader Join(
            string group, IReadOnlyList<CardShop.Contracts.Topic> topics, ReadPositions positions, ChannelWriter<Incoming> output) =>
            log.Join(group, topics, positions, new EarlyWriter(output));

        public Task<IReadOnlyDictionary<PartitionKey, long>> CommittedAsync(
            string group, IReadOnlyList<CardShop.Contracts.Topic> topics, CancellationToken cancellation) =>
            log.CommittedAsync(group, topics, cancellation);

        public Task<IReadOnlyList<LogIncoming>> TailAsync(
            CardShop.Contracts.Topic topic, int count, CancellationToken cancellation) => log.TailAsync(topic, count, cancellation);

        public Task<IReadOnlyDictionary<PartitionKey, long>> EndsAsync(
            IReadOnlyList<CardShop.Contracts.Topic> topics, CancellationToken cancellation) => log.EndsAsync(topics, cancellation);

        public Task FollowAsync(
            IReadOnlyList<CardShop.Contracts.Topic> topics, Action<LogIncoming> onRecord, Action caughtUp,
            CancellationToken cancellation) => log.FollowAsync(topics, onRecord, caughtUp, cancellation);

        public Task CreateTopicsAsync(
            IReadOnlyList<CardShop.Contracts.Topic> topics, short replication, CancellationToken cancellation) =>
            log.CreateTopicsAsync(topics, replication, cancellation);

        public ValueTask DisposeAsync() => log.DisposeAsync();
    }

    private sealed class EarlyWriter(ChannelWriter<Incoming> output) : ChannelWriter<Incoming>
    {
        public override bool TryWrite(Incoming item)
        {
            if (item is LogIncoming { Reader: { } reader } record)
            {
                reader.Store(record.Partition, record.Offset + 1);
            }

            return output.TryWrite(item);
        }

        public override ValueTask<bool> WaitToWriteAsync(CancellationToken cancellationToken = default) =>
            output.WaitToWriteAsync(cancellationToken);
    }
}

/// <summary>All planted bugs.</summary>
internal static class AllMutants
{
    public static IReadOnlyList<Mutant> List { get; } =
    [
        new AckBeforeCommit(), new FreshNumbers(isRefund: false), new FreshNumbers(isRefund: true), new BusBeforeLog(),
        new NoFence(), new OffsetAtRead(), .. StoreMutant.All,
    ];

    public static Mutant Find(string name) => List.FirstOrDefault(m => m.Name == name)
        ?? throw new ArgumentException($"No planted bug is called '{name}': {string.Join(", ", List.Select(m => m.Name))}");
}
