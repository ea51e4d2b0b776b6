using System.Text;
using System.Text.Json;
using System.Threading.Channels;
using CardShop.Contracts;
using CardShop.Pipeline;
using CardShop.Pipeline.Batches;
using CardShop.Pipeline.Log;
using CardShop.Shop.Channels;
using CardShop.Shop.Channels.Resilience;
using CardShop.Shop.Payments;
using CardShop.Shop.Stock;
using CardShop.Shop.Store;
using CardShop.Tests.Unit.Channels;
using CardShop.Tests.Unit.Orders;
using CardShop.Tests.Unit.Pipeline;
using Microsoft.Extensions.Logging.Abstractions;
using RabbitMQ.Client;
using Xunit;

namespace CardShop.Tests.Unit.Payments;

/// <summary>Calls to a provider have a bound of their own, below that of the commands in hand.</summary>
public sealed class When_a_provider_is_slow : IAsyncLifetime
{
    private const int MaxCalls = 15;

    private readonly FakeStore _store = new();
    private readonly ScriptedChannel _channel = new();
    private readonly RollbackFence _fence;
    private readonly SemaphoreSlim _answers = new(0);
    private readonly Channel<Incoming> _commands = Channel.CreateUnbounded<Incoming>();
    private readonly Channel<Incoming> _output = Channel.CreateUnbounded<Incoming>();
    private int _underWay;
    private int _mostUnderWay;
    private int _answered;

    public When_a_provider_is_slow()
    {
        _fence = new(new FakeLog(new()), _store, [], NullLogger<RollbackFence>.Instance);
        _channel.Act = async (_, stop) =>
        {
            _mostUnderWay = Math.Max(_mostUnderWay, Interlocked.Increment(ref _underWay));
            await _answers.WaitAsync(stop);
            Interlocked.Increment(ref _answered);
            Interlocked.Decrement(ref _underWay);
            return new(ChannelResult.Unknown, Code: "SLOW");
        };
    }

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => await _fence.CheckAsync(Stop);

    public ValueTask DisposeAsync()
    {
        _answers.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task No_more_calls_are_under_way_than_allowed_and_sagas_are_read_for_no_others()
    {
        const int Count = 250;
        var readTooEarly = 0;
        _store.OnRead = read => readTooEarly = Math.Max(readTooEarly, read - _answered - MaxCalls);
        for (var i = 0; i < Count; i++)
        {
            Send(Command($"{i:D26}"));
        }

        var acting = ActAsync(MaxCalls);
        for (var i = 0; i < Count; i++)
        {
            _answers.Release();
            Assert.IsType<PaymentMessage.Checked>((await _output.Reader.ReadAsync(Stop)).Message);
        }

        await acting;
        Assert.Equal(MaxCalls, _mostUnderWay);
        Assert.Equal(0, readTooEarly);
        Assert.Equal(Count, _channel.Calls.Count);
    }

    [Fact]
    public async Task Commands_that_need_no_call_keep_no_place()
    {
        _store.IsEmpty = true;
        Send(Command($"{1:D26}"));
        Send(Command("not JSON", "["u8.ToArray()));
        Send(Command($"{2:D26}"));
        await ActAsync(maxCalls: 1);
        Assert.IsType<PaymentMessage.Unneeded>((await _output.Reader.ReadAsync(Stop)).Message);
        Assert.IsType<PoisonMessageException>((await _output.Reader.ReadAsync(Stop)).Message);
        Assert.IsType<PaymentMessage.Unneeded>((await _output.Reader.ReadAsync(Stop)).Message);
    }

    private void Send(Incoming command) => Assert.True(_commands.Writer.TryWrite(command));

    private Task ActAsync(int maxCalls)
    {
        _commands.Writer.Complete();
        return new PaymentActor(
                _channel, _store, _fence, _output.Writer, new CallPlaces(maxCalls), TimeProvider.System, new Random(1), NullLogger<PaymentActor>.Instance)
            .RunAsync(_commands.Reader, Stop);
    }

    private static BusIncoming Command(string id, byte[]? body = null) => new(
        "payments", id, typeof(CheckPayment).FullName, id, commit: 0, delayedRounds: 0,
        body ?? Encoding.UTF8.GetBytes(JsonSerializer.Serialize(
            new CheckPayment(id, id + "01", 1), CommandsJson.Default.CheckPayment)),
        new BasicProperties(), null!);

    /// <summary>Knows every order that it is asked for, and counts them.</summary>
    private sealed class FakeStore : IShopStore, IFenceDatabase
    {
        private int _read;

        public bool IsEmpty { get; set; }

        /// <summary>Told before each read how many orders were read with it.</summary>
        public Action<int> OnRead { get; set; } = _ => { };

        public Task<(Opening Opening, IReadOnlyDictionary<string, PaymentSaga> Sagas)> ReadPaymentsAsync(
            IReadOnlyCollection<string> ids, CancellationToken cancellation)
        {
            OnRead(_read += ids.Count);
            IReadOnlyDictionary<string, PaymentSaga> sagas = ids.Where(_ => !IsEmpty)
                .ToDictionary(id => id, id => An.AwaitingPayment(An.Order(id)).Payment!);
            return Task.FromResult((new Opening(An.Start, 0, 0, new Dictionary<PartitionKey, long>()), sagas));
        }

        public Task<DateTimeOffset> StartedAtAsync(CancellationToken cancellation) => Task.FromResult(An.Start);

        public Task<FenceReading> ReadAsync(CancellationToken cancellation) =>
            Task.FromResult(new FenceReading(An.Start, 0, new Dictionary<(string, PartitionKey), long>()));

        public Task<IShopTransaction> BeginAsync(CancellationToken cancellation) => throw new NotSupportedException();

        public Task<IReadOnlyList<DueSaga>> OverduePaymentsAsync(
            string channel, DateTimeOffset now, DueSaga? after, int limit, CancellationToken cancellation) =>
            throw new NotSupportedException();

        public Task<IReadOnlyList<DueSaga>> OverdueDeliveriesAsync(
            DateTimeOffset now, DueSaga? after, int limit, CancellationToken cancellation) => throw new NotSupportedException();

        public Task<IReadOnlyDictionary<PartitionKey, long>> ProgressAsync(
            string group, IReadOnlyCollection<PartitionKey> partitions, CancellationToken cancellation) =>
            throw new NotSupportedException();

        public Task<IReadOnlyDictionary<StockKey, long>> AvailableAsync(
            IReadOnlyCollection<StockKey>? keys, CancellationToken cancellation) => throw new NotSupportedException();
    }
}
