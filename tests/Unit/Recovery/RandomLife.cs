using CardShop.Contracts;
using CardShop.Shop.Channels;
using CardShop.Shop.Payments;
using CardShop.Tests.Unit.Orders;

namespace CardShop.Tests.Unit.Recovery;

/// <summary>One life of an order: inputs, answers, time and operators at random, the same for the same seed.</summary>
internal sealed class RandomLife
{
#pragma warning disable CA5394 // A life that can be lived again.
    private readonly Random _random;
    private readonly LostOrder _life = new();
    private readonly ModelProvider _provider = new();
    private readonly OrderPlaced _order;
    private int _keys;
    private int _notices;
    private int _acts;

    private RandomLife(int seed)
    {
        _random = new(seed);
        _order = An.Order(
            hold: Is(3) ? HoldPolicy.Payment : HoldPolicy.Order, waitSeconds: _random.Next(2) * 1_800,
            kind: Is(6) ? ProductKind.Manual : ProductKind.Unique);
    }

    public static LostOrder Of(int seed)
    {
        var life = new RandomLife(seed);
        life.Live();
        return life._life;
    }

    private bool Is(int oneOf) => _random.Next(oneOf) == 0;

    private void Live()
    {
        if (!Is(20))
        {
            _life.Do(Placed(), Is(10) ? 0 : 100);
        }

        for (var i = _random.Next(4, 30); i > 0; i--)
        {
            _life.Now += TimeSpan.FromSeconds(1 << _random.Next(9));
            var available = Is(4) ? 0L : 100L;
            var choice = _random.Next(16);
            if (choice < 6)
            {
                Hear(choice, available);
            }
            else if (choice < 11)
            {
                Work(choice, available);
            }
            else
            {
                Answer(available);
            }
        }
    }

    private PaymentMessage Placed() => An.Placed(_order with { AcceptedAt = _life.Now });

    /// <summary>What buyers and providers say.</summary>
    private void Hear(int choice, long available)
    {
        var attempts = _life.Case.Payment?.Attempts ?? [];
        var number = attempts.Count > 0 ? attempts[_random.Next(attempts.Count)].Number : An.Number;
        switch (choice)
        {
            case 0:
                _life.Do(Placed(), available);
                break;
            case 1 when Is(4):
                _life.Do(new PaymentMessage.Cancel(new(An.Id, "S", _life.Now)), available);
                break;
            case 2 when Is(2):
                _life.Do(new PaymentMessage.SwitchChannel(new(An.Id, "S", Is(2) ? "alipay" : "wechat", _life.Now)));
                break;
            case 3 or 4 when _provider.Pay(number, _life.Now) && !Is(3):
                Notify(number, An.Amount, available);
                break;
            case 5 when Is(5):
                Notify(number, Is(2) ? 1 : An.Amount, available);
                break;
            default:
                break;
        }
    }

    private void Work(int choice, long available)
    {
        switch (choice)
        {
            case 6:
                _life.Do(An.PaymentDue, available);
                break;
            case 7:
                _life.Do(An.DeliveryDue, available, Picked());
                break;
            case 8:
                _life.Do(An.Deliver, available, Picked());
                break;
            case 9:
                _life.Do(An.StockArrived, available);
                break;
            case 10 when Is(3):
                Operate();
                break;
            default:
                break;
        }
    }

    private Guid[] Picked() => Is(5) ? [] : [new(++_keys, 1, 0, new byte[8]), new(++_keys, 1, 0, new byte[8])];

    private void Notify(string number, long amount, long available) => _life.Do(
        An.Notified(An.Notification(number: number, notifyId: $"n{++_notices}", amount: amount, at: _life.Now) with
        {
            Channel = _life.Case.Payment?.Attempts.FirstOrDefault(a => a.Number == number)?.Channel ?? "alipay",
        }),
        available);

    private void Answer(long available)
    {
        if (_life.Commands.Count == 0 || _life.Case.Payment is not { } saga)
        {
            return;
        }

        var at = _random.Next(_life.Commands.Count);
        var command = _life.Commands[at];
        _life.Commands.RemoveAt(at);
        if (command is DeliverOrder)
        {
            _life.Do(An.Deliver, available, Picked());
        }
        else if (Is(12) && command is RefundPayment refused)
        {
            _life.Do(new PaymentMessage.RefundAnswered(An.Id, refused.Number, refused.RefundNumber, new(ChannelResult.Refused)));
        }
        else
        {
            _life.Do(_provider.Answer(command, saga, _life.Now), available);
        }
    }

    private void Operate()
    {
        var by = An.By($"o{++_acts}");
        var delivered = _life.Case.Delivery?.Keys ?? [];
        _life.Do(
            _random.Next(5) switch
            {
                0 => new PaymentMessage.OperatorRefund(An.Id, by, null, null, "wanted"),
                1 => new PaymentMessage.OperatorDeliver(An.Id, by),
                2 => new PaymentMessage.OperatorConfirmPaid(An.Id, by, "seen", An.Amount),
                3 => new PaymentMessage.OperatorHandOver(An.Id, by, An.Text(1_000 + _acts)),
                _ => new PaymentMessage.OperatorReplace(
                    An.Id, by, delivered.Count > 0 ? delivered[0] : Guid.Empty, "faulty",
                    _order.Kind == ProductKind.Manual ? An.Text(1_000 + _acts) : null),
            },
            100, new Guid(++_keys, 1, 0, new byte[8]));
    }
#pragma warning restore CA5394
}
