using System.Text.Json;
using CardShop.Api.Admin;
using CardShop.Contracts;
using CardShop.Pipeline.Batches;
using CardShop.Pipeline.Log;
using CardShop.Tests.Unit.Pipeline;
using Xunit;

namespace CardShop.Tests.Unit.Api;

public sealed class When_the_console_looks
{
    [Fact]
    public void Percentiles_are_those_of_deliveries_that_were()
    {
        Assert.Null(DeliveryLatency.Of([]));
        Assert.Equal(new AdminLatency(7, 7, 7, 1), DeliveryLatency.Of([7]));
        Assert.Equal(new AdminLatency(0, 0, 0, 1), DeliveryLatency.Of([-900]));
        Assert.Equal(new AdminLatency(50, 95, 99, 100), DeliveryLatency.Of([.. Enumerable.Range(1, 100).Reverse().Select(i => (double)i)]));
        Assert.Equal(new AdminLatency(100, 190, 198, 200), DeliveryLatency.Of([.. Enumerable.Range(1, 200).Select(i => (double)i)]));
    }

    [Fact]
    public async Task Many_who_ask_cost_one_look_a_second()
    {
        var time = new ManualTime();
        var looks = 0;
        var slow = new TaskCompletionSource<int>();
        var shared = new SharedLook<int>(time, TimeSpan.FromSeconds(1), () => ++looks == 1 ? slow.Task : Task.FromResult(looks));

        var first = shared.GetAsync();
        time.Advance(TimeSpan.FromSeconds(5));
        Assert.Same(first, shared.GetAsync());
        slow.SetResult(1);

        Assert.Equal(2, await shared.GetAsync());
        time.Advance(TimeSpan.FromSeconds(0.9));
        Assert.Equal(2, await shared.GetAsync());
        time.Advance(TimeSpan.FromSeconds(0.1));
        Assert.Equal(3, await shared.GetAsync());
    }

    [Fact]
    public async Task A_look_that_failed_is_not_the_last()
    {
        var time = new ManualTime();
        var looks = 0;
        var shared = new SharedLook<int>(
            time, TimeSpan.FromSeconds(1), () => ++looks == 1 ? Task.FromException<int>(new IOException("away")) : Task.FromResult(looks));

        await Assert.ThrowsAsync<IOException>(shared.GetAsync);
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(2, await shared.GetAsync());
    }

    [Fact]
    public async Task Dead_letters_are_read_once_and_count_while_they_are_open()
    {
        var log = new LetterLog();
        var letters = new OpenLetters(log);
        log.Letters(0, 3);
        log.Letters(1, 1);
        Assert.Equal(4, await letters.CountAsync(log.Ends, CancellationToken.None));
        Assert.Equal(4, await letters.CountAsync(log.Ends, CancellationToken.None));
        Assert.Equal(1, log.Reads);

        log.Resolved(0, 1);
        log.Resolved(0, 1);
        log.Resolved(1, 7);
        log.Garbage(2);
        Assert.Equal(3, await letters.CountAsync(log.Ends, CancellationToken.None));
        Assert.Equal(2, log.Reads);
    }

    [Fact]
    public async Task A_long_topic_is_read_in_parts_and_until_then_nothing_is_said()
    {
        var log = new LetterLog();
        var letters = new OpenLetters(log);
        log.Letters(0, 4_500);

        Assert.Null(await letters.CountAsync(log.Ends, CancellationToken.None));
        Assert.Null(await letters.CountAsync(log.Ends, CancellationToken.None));
        Assert.Equal(OpenLetters.MostCounted, await letters.CountAsync(log.Ends, CancellationToken.None));
        Assert.Equal(3, log.Reads);
    }

    /// <summary>The topic of dead letters in memory.</summary>
    private sealed class LetterLog : NoRanges
    {
        private readonly List<LogIncoming> _records = [];

        public int Reads { get; private set; }

        public IReadOnlyDictionary<PartitionKey, long> Ends => Enumerable.Range(0, Topics.DeadLetters.Partitions)
            .ToDictionary(Key, p => (long)_records.Count(r => r.Partition.Partition == p));

        public void Letters(int partition, int count)
        {
            for (var i = 0; i < count; i++)
            {
                Add(partition, MessageTypes.DeadLetter, "{}"u8.ToArray());
            }
        }

        public void Resolved(int partition, long offset) => Add(
            partition, MessageTypes.DeadLetterResolved,
            JsonSerializer.SerializeToUtf8Bytes(
                new(offset, DeadLetterResolved.Discarded, "ann", null, DateTimeOffset.UnixEpoch), ContractsJson.Default.DeadLetterResolved));

        public void Garbage(int partition) => Add(partition, MessageTypes.DeadLetterResolved, "{"u8.ToArray());

        public override Task<IReadOnlyList<LogIncoming>> ReadAsync(
            IReadOnlyDictionary<PartitionKey, long> positions, int most, TimeSpan patience, CancellationToken cancellation)
        {
            Reads++;
            return Task.FromResult<IReadOnlyList<LogIncoming>>(
                [.. _records.Where(r => positions.TryGetValue(r.Partition, out var from) && r.Offset >= from).Take(most)]);
        }

        public override Task<IReadOnlyDictionary<PartitionKey, (long First, long Next)>> BoundsAsync(Topic topic, CancellationToken cancellation) =>
            Task.FromResult<IReadOnlyDictionary<PartitionKey, (long, long)>>(Ends.ToDictionary(e => e.Key, e => (0L, e.Value)));

        private static PartitionKey Key(int partition) => new(Topics.DeadLetters.Name, partition);

        private void Add(int partition, string type, byte[] value) => _records.Add(new(
            Key(partition), _records.Count(r => r.Partition.Partition == partition), "shop.orders.v1", value, type, 0, default, reader: null));
    }
}
