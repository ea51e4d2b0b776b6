using CardShop.Contracts;
using CardShop.Fleet;
using CardShop.Pipeline.Batches;
using CardShop.Pipeline.Log;
using CardShop.Pipeline.Outbox;
using CardShop.Shop.Stock;
using CardShop.Shop.Store;
using CardShop.Tests.Unit.Pipeline;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace CardShop.Tests.Unit.Payments;

/// <summary>An order's time to pay begins when its attempt is opened, so none is opened that cannot be served soon.</summary>
public sealed class When_the_payments_fleet_is_behind
{
    private const int Limit = 1_000;

    private readonly QueueShares _shares = new();
    private readonly ManualTime _time = new();
    private readonly FakeBus _bus = new(new());
    private readonly OrderAdmission _admission;
    private Dictionary<string, uint> _depths = [];

    public When_the_payments_fleet_is_behind()
    {
        _bus.Depths = () => _depths.ToDictionary(d => Queues.Payments(d.Key), d => d.Value);
        _admission = new(
            _bus, ["alipay", "wechat"], Limit, new Deaf(), _time, new Random(1), NullLogger<OrderAdmission>.Instance);
        Set(alipay: 0, wechat: 0);
    }

    [Theory]
    [InlineData(620u, 420u, true)]
    [InlineData(580u, 420u, false)]
    [InlineData(620u, 380u, false)]
    [InlineData(50_000u, 0u, false)]
    public void All_channels_have_more_than_their_share_or_one_provider_is_slow(uint alipay, uint wechat, bool behind)
    {
        Open(("alipay", 3_000), ("wechat", 2_000));
        Assert.Equal(behind, _shares.AreAllBehind(new Dictionary<string, uint> { ["alipay"] = alipay, ["wechat"] = wechat }, Limit));
    }

    [Fact]
    public void A_channel_that_is_hardly_used_has_no_say()
    {
        Open(("alipay", 3_000), ("unionpay", 100));
        Assert.True(_shares.AreAllBehind(new Dictionary<string, uint> { ["alipay"] = 1_000, ["unionpay"] = 0 }, Limit));
    }

    [Fact]
    public void What_buyers_chose_before_is_forgotten()
    {
        Open(("alipay", 5_000));
        _shares.Count("wechat", 10_000);
        Assert.False(_shares.AreAllBehind(new Dictionary<string, uint> { ["alipay"] = 90_000, ["wechat"] = 999 }, Limit));
        Assert.True(_shares.AreAllBehind(new Dictionary<string, uint> { ["alipay"] = 0, ["wechat"] = 1_001 }, Limit));
    }

    [Fact]
    public void Before_the_first_attempt_nobody_is_behind() =>
        Assert.False(_shares.AreAllBehind(new Dictionary<string, uint> { ["alipay"] = 90_000 }, Limit));

    [Fact]
    public async Task Orders_are_held_back_until_it_has_caught_up()
    {
        Saved("alipay", "wechat");
        Set(alipay: 2_000, wechat: 2_000);
        var held = _admission.WaitAsync(TestContext.Current.CancellationToken);
        for (var i = 0; i < 100; i++)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            Assert.False(held.IsCompleted);
        }

        Set(alipay: 2_000, wechat: 100);
        await AdvanceUntilAsync(held);
    }

    [Fact]
    public async Task Orders_are_held_back_while_RabbitMQ_does_not_answer()
    {
        _bus.FailuresLeft = 50;
        var held = _admission.WaitAsync(TestContext.Current.CancellationToken);
        Assert.False(held.IsCompleted);
        await AdvanceUntilAsync(held);
        Assert.Equal(0, _bus.FailuresLeft);
    }

    [Fact]
    public async Task An_answer_holds_for_a_moment_so_that_RabbitMQ_is_not_asked_for_every_batch()
    {
        var asked = 0;
        _bus.Depths = () =>
        {
            asked++;
            return _depths.ToDictionary(d => Queues.Payments(d.Key), d => d.Value);
        };
        for (var i = 0; i < 100; i++)
        {
            await _admission.WaitAsync(TestContext.Current.CancellationToken);
            _time.Advance(TimeSpan.FromMilliseconds(10));
        }

        Assert.Equal(4, asked);
    }

    private async Task AdvanceUntilAsync(Task held)
    {
        for (var i = 0; i < 1_000 && !held.IsCompleted; i++)
        {
            _time.Advance(TimeSpan.FromMilliseconds(250));
            await Task.Yield();
        }

        Assert.True(held.IsCompleted);
        await held;
    }

    private void Set(uint alipay, uint wechat) => _depths = new() { ["alipay"] = alipay, ["wechat"] = wechat };

    /// <summary>Attempts in turn, a hundredth of them at a time.</summary>
    private void Open(params (string Channel, int Attempts)[] attempts)
    {
        for (var i = 0; i < 100; i++)
        {
            foreach (var (channel, count) in attempts)
            {
                _shares.Count(channel, count / 100);
            }
        }
    }

    private void Saved(params string[] channels)
    {
        var none = new Dictionary<PartitionKey, long>();
        _admission.Saved(
            new(new(default, 0, 0, none), new Dictionary<string, PaymentSaga>(), new Dictionary<string, DeliverySaga>(), [], new HashSet<string>()),
            new(
                "orders", new(default, 0, 0, none), [], [], [], new Dictionary<StockKey, StockDelta>(), [], [],
                [.. channels.Select(c => new OutCommand(Queues.Payments(c), "type", "id", "order", [], _time.GetUtcNow()))],
                [], _time.GetUtcNow()));
    }

    private sealed class Deaf : IBatchObserver
    {
        public void Committed(IReadOnlyList<Incoming> batch)
        {
            // Not asked here.
        }

        public void Stock(IEnumerable<StockKey> changed)
        {
            // Not asked here.
        }
    }
}
