using System.Threading.Channels;
using CardShop.Pipeline.Batches;
using CardShop.Shop.Channels;
using CardShop.Shop.Store;
using CardShop.Tests.Unit.Pipeline;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Xunit;

namespace CardShop.Tests.Unit.Store;

public sealed class When_many_payments_are_due
{
    private readonly ManualTime _time = new();
    private readonly SortedSet<(DateTimeOffset Due, string Id)> _alipay = [];
    private readonly SortedSet<(DateTimeOffset Due, string Id)> _wechat = [];
    private readonly Channel<Incoming> _output = Channel.CreateUnbounded<Incoming>();
    private int _read;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(7.5, 500)]
    [InlineData(50, 300)]
    [InlineData(400, 700)]
    public async Task The_rate_is_never_exceeded_in_any_second_and_reached_in_the_long_run(double rate, int scanEveryMs)
    {
        Fill(_alipay, 100_000);
        var watchdog = NewWatchdog(rate);
        var taken = new List<(DateTimeOffset At, int Count)>();
        var started = _time.GetUtcNow();
        while (_time.GetUtcNow() - started < TimeSpan.FromSeconds(60))
        {
            await watchdog.ScanAsync(Stop);
            taken.Add((_time.GetUtcNow(), Take().Count));
            _time.Advance(TimeSpan.FromMilliseconds(scanEveryMs));
        }

        foreach (var (from, _) in taken)
        {
            foreach (var seconds in new[] { 0, 1, 10 })
            {
                var count = taken.Where(t => t.At >= from && t.At <= from.AddSeconds(seconds)).Sum(t => t.Count);
                Assert.InRange(count, 0, (rate * seconds) + (rate / 2) + 1);
            }
        }

        Assert.InRange(taken.Sum(t => t.Count), rate * 60 * (scanEveryMs > 500 ? 0.65 : 0.95), rate * 60.5);
    }

    [Fact]
    public async Task They_are_taken_oldest_first_and_each_is_read_once_while_the_fleet_is_busy()
    {
        Fill(_alipay, 3_000);
        var watchdog = NewWatchdog(200);
        var ids = new List<string>();
        for (var i = 0; i < 18; i++)
        {
            _time.Advance(TimeSpan.FromMilliseconds(500));
            await watchdog.ScanAsync(Stop);
            ids.AddRange(Take());
        }

        Assert.Equal(1_800, ids.Count);
        Assert.Equal(_alipay.Take(1_800).Select(d => d.Id), ids);
        Assert.Equal(1_800, _read);
    }

    [Fact]
    public async Task A_channel_that_is_far_behind_holds_up_no_other()
    {
        Fill(_alipay, 100_000);
        Fill(_wechat, 10);
        var watchdog = NewWatchdog(20);
        _time.Advance(TimeSpan.FromMilliseconds(500));
        await watchdog.ScanAsync(Stop);
        Assert.Equal(10, Take().Count(id => id.StartsWith('w')));
    }

    [Fact]
    public async Task What_comes_to_be_due_behind_the_scan_is_found_within_ten_seconds()
    {
        Fill(_alipay, 100);
        var watchdog = NewWatchdog(1_000);
        _time.Advance(TimeSpan.FromSeconds(1));
        await watchdog.ScanAsync(Stop);
        Assert.Equal(100, Take().Count);
        _alipay.Clear();
        _alipay.Add((_time.GetUtcNow().AddDays(-2), "late"));
        await watchdog.ScanAsync(Stop);
        Assert.Empty(Take());
        _time.Advance(TimeSpan.FromSeconds(10));
        await watchdog.ScanAsync(Stop);
        Assert.Equal(["late"], Take());
    }

    private static void Fill(SortedSet<(DateTimeOffset Due, string Id)> due, int count)
    {
        var first = new DateTimeOffset(2025, 12, 31, 0, 0, 0, TimeSpan.Zero);
        var letter = count == 10 ? 'w' : 'a';
        for (var i = 0; i < count; i++)
        {
            due.Add((first.AddMilliseconds(i / 2), $"{letter}{i:000000}"));
        }
    }

    private List<string> Take()
    {
        var ids = new List<string>();
        while (_output.Reader.TryRead(out var incoming))
        {
            ids.Add((string)((DueIncoming)incoming).Due);
        }

        return ids;
    }

    private Watchdog NewWatchdog(double rate)
    {
        var fence = new RollbackFence(
            new FakeLog(new()), new PostgresFence(NpgsqlDataSource.Create("Host=127.0.0.1;Port=1")), [], NullLogger<RollbackFence>.Instance);
        return new(
            "payments", DueLane.PerChannel(rate, _time), ScanAsync, id => id, fence, _output.Writer, _time, new Random(1),
            NullLogger<Watchdog>.Instance);
    }

    /// <summary>As the store does it, on a set in memory.</summary>
    private Task<IReadOnlyList<DueSaga>> ScanAsync(
        string lane, DateTimeOffset now, DueSaga? after, int limit, CancellationToken cancellation)
    {
        Assert.Contains(lane, PaymentChannels.Known.Append(string.Empty));
        var all = lane == "alipay" ? _alipay : lane == "wechat" ? _wechat : [];
        var from = after is { } last ? (last.Due, last.Id) : (DateTimeOffset.MinValue, "");
        IReadOnlyList<DueSaga> found =
        [
            .. all.GetViewBetween(from, (now, "z")).SkipWhile(d => d == from).Take(limit).Select(d => new DueSaga(d.Id, d.Due)),
        ];
        _read += found.Count;
        return Task.FromResult(found);
    }
}
