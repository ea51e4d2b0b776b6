using System.Text;
using System.Text.Json;
using CardShop.Contracts;
using CardShop.Pipeline;
using CardShop.Pipeline.Log;
using CardShop.Shop.Orders;
using CardShop.Tests.Simulation.Engine;
using CardShop.Tests.Simulation.Servers;

namespace CardShop.Tests.Simulation.World;

/// <summary>
/// Everybody outside: buyers, who order, look, pay, cancel and change their minds; providers' notifications; imports of
/// keys. What the API takes it answers only when the log has it; who gets no answer asks again.
/// </summary>
internal sealed class ShopFront(ShopWorld world)
{
    private readonly Sim _sim = world.Sim;
    private readonly ILog _api = world.Log.Connect(world.Api);
    private int _busy;

    /// <summary>Nobody outside means to do anything more.</summary>
    public bool IsQuiet => _busy == 0;

    /// <summary>Inputs as they went to the log, for those who repeat them.</summary>
    public List<LogRecord> Inputs { get; } = [];

    public void Open()
    {
        foreach (var provider in world.Providers)
        {
            provider.OnPaid = trade => Busy(() => NotifyAsync(provider, trade));
        }

        foreach (var product in world.Swarm.Products)
        {
            world.Store.State.Stock[new(product.Sku, "a")] = default;
            for (var i = 0; i < product.Imports.Count; i++)
            {
                var place = i;
                Busy(() => ImportAsync(product, place));
            }
        }

        for (var i = 0; i < world.Swarm.Buyers.Count; i++)
        {
            var place = i;
            Busy(() => BuyAsync(world.Swarm.Buyers[place], place));
        }
    }

    /// <summary>Every input once more, as a mirror or a producer might bring it.</summary>
    public void RepeatInputs()
    {
        foreach (var input in Inputs.ToList())
        {
            world.Log.Append(input);
        }
    }

    private void Busy(Func<Task> act)
    {
        _busy++;
        world.Api.Start(act, failure =>
        {
            _busy--;
            if (failure is not null)
            {
                _sim.Fail("The simulated world failed: " + failure);
            }
        });
    }

    private async Task BuyAsync(BuyerPlan plan, int place)
    {
        await _sim.Sleep(plan.At);
        var product = world.Swarm.Products.First(p => p.Sku == plan.Sku);
        var bytes = new byte[16];
        _sim.Random.NextBytes(bytes);
        bytes[0] = (byte)place;
        var id = OrderIds.Fresh('a', bytes);
        var placed = new OrderPlaced(
            id, plan.Sku, plan.Quantity, product.Price, product.Price * plan.Quantity, "CNY", product.Sku, product.Hold,
            product.HoldSeconds, product.WaitSeconds, 1, plan.Channel, "a", _sim.UtcNow, "hash", "contact", "contact", plan.Network);
        world.Checker.Quoted[id] = placed;
        await ProduceAsync(Topics.Orders, plan.Sku, MessageTypes.OrderPlaced, placed, ContractsJson.Default.OrderPlaced);
        world.Checker.Accepted[id] = placed;
        _sim.Note("accepted", id, _sim.IsTraced ? plan.ToString() : null);
        var acts = plan;
        var paid = new HashSet<string>();
        for (var looks = 0; looks < 400; looks++)
        {
            await _sim.Sleep(_sim.Between(TimeSpan.FromMilliseconds(200), TimeSpan.FromSeconds(looks < 20 ? 1 : 6)));
            if (world.Store.IsDown)
            {
                continue;
            }

            if (world.Store.State.KeysShown(id) is { } keys)
            {
                world.Checker.Shown(id, keys);
            }

            if (world.Store.State.Payments.TryGetValue(id, out var saga))
            {
                if (IsOver(saga, plan, paid))
                {
                    return;
                }

                acts = await ActAsync(acts, saga, paid);
            }
        }
    }

    private bool IsOver(PaymentSaga saga, BuyerPlan plan, HashSet<string> paid) =>
        saga.Status is not (PaymentStatus.Reserved or PaymentStatus.AwaitingPayment or PaymentStatus.Paid)
            ? !(plan.IsLate && plan.Pays && paid.Count == 0 && saga.Attempts.Any(a => a.Link is not null))
            : world.Checker.WasShown(saga.Id);

    /// <summary>What the buyer does on seeing the order; each thing once.</summary>
    private async Task<BuyerPlan> ActAsync(BuyerPlan plan, PaymentSaga saga, HashSet<string> paid)
    {
        if (plan.Cancels)
        {
            await ProduceAsync(
                Topics.Orders, plan.Sku, MessageTypes.OrderCancelRequested,
                new OrderCancelRequested(saga.Id, plan.Sku, _sim.UtcNow), ContractsJson.Default.OrderCancelRequested);
            return plan with { Cancels = false };
        }

        if (saga.Attempts is not [.., { Link: not null } attempt])
        {
            return plan;
        }

        var isLast = !plan.Switches;
        if (plan.Pays && (isLast || plan.PaysAll) && !paid.Contains(attempt.Number))
        {
            if (plan.IsLate && _sim.UtcNow < attempt.ExpiresAt)
            {
                await _sim.Sleep(attempt.ExpiresAt - _sim.UtcNow);
            }

            await _sim.Sleep(plan.After);
            paid.Add(attempt.Number);
            world.Providers.First(p => p.Name == attempt.Channel).Pay(attempt.Number, plan.IsLate);
        }

        if (plan.Switches)
        {
            var other = world.Swarm.Channels.First(c => c != attempt.Channel);
            await ProduceAsync(
                Topics.Orders, plan.Sku, MessageTypes.ChannelSwitchRequested,
                new ChannelSwitchRequested(saga.Id, plan.Sku, other, _sim.UtcNow), ContractsJson.Default.ChannelSwitchRequested);
        }

        return plan with { Switches = false };
    }

    private async Task NotifyAsync(SimProvider provider, Trade trade)
    {
        if (_sim.Chance(world.Swarm.NotifyNever) && _sim.UtcNow < trade.Request.ExpiresAt)
        {
            return;
        }

        await _sim.Sleep(_sim.Between(TimeSpan.Zero, TimeSpan.FromSeconds(3)));
        var id = OrderIds.OfProviderNumber(trade.Request.Number)!;
        var notification = new PaymentNotification(
            id, provider.Name, "default", "serial", trade.Request.Number, trade.TradeNo, "n-" + trade.Request.Number, "merchant",
            NotifiedStatus.Paid, trade.Request.AmountMinor, "CNY", trade.PaidAt, _sim.UtcNow, "text/plain", []);
        if (_sim.Chance(world.Swarm.Lies))
        {
            world.HasLied(id);
            await SendAsync(_sim.Random.Next(2) == 0
                ? notification with { NotifyId = "lie-" + notification.Number, Amount = notification.Amount + 1 }
                : notification with { NotifyId = "lie-" + notification.Number, Number = id + "77", TradeNo = "T-unknown" });
        }

        await SendAsync(notification);
        while (_sim.Chance(world.Swarm.NotifyAgain))
        {
            await _sim.Sleep(_sim.Between(TimeSpan.Zero, TimeSpan.FromSeconds(10)));
            await SendAsync(notification with { ArrivedAt = _sim.UtcNow });
        }
    }

    private Task SendAsync(PaymentNotification notification) => ProduceAsync(
        Topics.PaymentNotifications, notification.OrderId, MessageTypes.PaymentNotification, notification,
        ContractsJson.Default.PaymentNotification);

    private async Task ImportAsync(ProductPlan product, int place)
    {
        await _sim.Sleep(product.Imports[place].At);
        var index = world.Swarm.Products.ToList().IndexOf(product);
        Guid Key(int n) => new(index + 1, (short)(place + 1), (short)n, new byte[8]);
        var keys = Enumerable.Range(1, product.Imports[place].Keys).Select(Key).ToList();
        if (keys.Count > 0)
        {
            await ProduceAsync(
                Topics.KeyBatches, product.Sku, MessageTypes.KeysImported,
                new KeysImported($"b{index}-{place}", product.Sku, "a", "kek", _sim.UtcNow, [.. keys.Select(k => new SealedKey(k, [1]))]),
                ContractsJson.Default.KeysImported);
        }

        if (product.IsVoided && place == 0)
        {
            await _sim.Sleep(_sim.Between(TimeSpan.Zero, TimeSpan.FromSeconds(10)));
            await ProduceAsync(
                Topics.KeyBatches, product.Sku, MessageTypes.KeysVoided,
                new KeysVoided("v" + index, product.Sku, "a", "faulty", "operator", _sim.UtcNow, [.. keys.Take(2)]),
                ContractsJson.Default.KeysVoided);
        }
    }

    /// <summary>Until the log has it: who is told nothing asks again.</summary>
    private async Task ProduceAsync<T>(
        Topic topic, string key, string type, T body, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> json)
    {
        var record = new LogRecord(
            topic.Name, topic.PartitionOf(key), Encoding.UTF8.GetBytes(key), JsonSerializer.SerializeToUtf8Bytes(body, json),
            [new(RecordHeaders.Type, Encoding.UTF8.GetBytes(type))]);
        while (true)
        {
            try
            {
                await _api.ProduceAsync(record, CancellationToken.None);
                Inputs.Add(record);
                return;
            }
            catch (PlaceException)
            {
                await _sim.Sleep(_sim.Between(TimeSpan.FromMilliseconds(300), TimeSpan.FromSeconds(2)));
            }
        }
    }
}
