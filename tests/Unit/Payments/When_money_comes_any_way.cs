using CardShop.Contracts;
using CardShop.Shop.Channels;
using CardShop.Shop.Delivery;
using CardShop.Shop.Payments;
using CardShop.Tests.Unit.Orders;
using Xunit;

namespace CardShop.Tests.Unit.Payments;

/// <summary>
/// Orders that switch channels, are paid by any of their attempts, cancelled, refunded in part and in whole, decided by
/// operators and reconciled, with every message lost, doubled and late at random. When the faults stop, every order comes
/// to its end or before a person, and every fen that providers took is delivered, given back, or in review.
/// </summary>
public sealed class When_money_comes_any_way
{
    private const int Cases = 2_000;

    [Fact]
    public void Every_fen_is_delivered_given_back_or_before_a_person()
    {
        var reached = new HashSet<string>();
        LiveAll(Enumerable.Range(1, 1_000), reached);

        // Otherwise the histories have become too tame to prove anything.
        string[] expected =
        [
            "attempts 3", "paid by an old attempt", "surplus", "refunded in parts", "refund after delivery", "Refunded",
            "Delivered", "Expired", "Cancelled", "Review", "confirmed", "reopened", "statement", "corrected",
            "said of another's, and closed", "said of another's, and paid",
        ];
        Assert.Empty(expected.Except(reached));
        LiveAll(Enumerable.Range(Environment.TickCount & 0xFFFFFF, Cases), reached);
    }

    private static void LiveAll(IEnumerable<int> seeds, HashSet<string> reached)
    {
        foreach (var seed in seeds)
        {
            try
            {
                new MoneyWorld(new Random(seed), reached).Live();
            }
            catch (Exception e)
            {
                throw new InvalidOperationException($"Seed {seed}: {e.Message}", e);
            }
        }
    }

    /// <summary>One run: a few orders, a random life, then calm and the reckoning.</summary>
    private sealed class MoneyWorld(Random random, HashSet<string> reached)
    {
        private const int Orders = 3;
        private const int Steps = 90;
        private static readonly string[] Channels = ["alipay", "wechat", "unionpay"];

        private readonly ModelShop _shop = new();
        private readonly ModelProvider _provider = new();
        private readonly List<object> _commands = [];
        private readonly List<object> _history = [];
        private readonly List<PaymentNotification> _notifications = [];
        private readonly Dictionary<string, int> _lies = [];
        private DateTimeOffset _now = An.Start;
        private int _acts;
        private int _asked;
        private bool _calm;

        public void Live()
        {
            Say(new KeysImported(
                "b1", "S", "a", "kek-1", _now,
                [.. Enumerable.Range(1, 3 + random.Next(7)).Select(i => new SealedKey(new(i, 0, 0, new byte[8]), []))]));
            for (var i = 0; i < Steps; i++)
            {
                Step();
                _shop.Check();
            }

            Calm();
            new MoneyReckoning(_shop, _provider, _lies, reached).Reckon();
            Repeat();
        }

        private static string Id(int order) => "a" + new string((char)('b' + order), 25);

        private static OrderPlaced Placed(int order) => An.Order(
            Id(order), order == 2 ? HoldPolicy.Payment : HoldPolicy.Order, order == 0 ? 0 : 1_800, 1 + order);

        private void Step()
        {
            var order = random.Next(Orders);
            var id = Id(order);
            switch (random.Next(16))
            {
                case 0 or 1:
                    Say(An.Placed(Placed(order)));
                    break;
                case 2:
                    Say(An.Switch(Channels[random.Next(Channels.Length)], id, ++_asked));
                    break;
                case 3 or 4:
                    Pay(id);
                    break;
                case 5 when _notifications.Count > 0:
                    Say(An.Notified(_notifications[random.Next(_notifications.Count)]));
                    break;
                case 6 when random.Next(4) == 0:
                    Say(An.Cancel(id));
                    break;
                case 7:
                    _now += TimeSpan.FromSeconds(1 << random.Next(11));
                    break;
                case 8:
                    Say(random.Next(2) == 0 ? new PaymentMessage.Due(id) : new DeliveryMessage.Due(id));
                    break;
                case 9 or 11:
                    Decide(id);
                    break;
                case 10 when random.Next(3) == 0:
                    Reconcile(id);
                    break;
                default:
                    Command();
                    break;
            }
        }

        /// <summary>The buyer pays one of the order's trades, an old one too; the provider says so, sometimes wrongly.</summary>
        private void Pay(string id)
        {
            if (_shop.Payments.GetValueOrDefault(id) is not { Attempts.Count: > 0 } saga)
            {
                return;
            }

            var attempt = saga.Attempts[random.Next(saga.Attempts.Count)];
            if (random.Next(12) == 0)
            {
                MixUp(id, attempt);
                return;
            }

            if (!_provider.Pay(attempt.Number, _now))
            {
                return;
            }

            if (attempt != saga.Attempts[^1])
            {
                reached.Add("paid by an old attempt");
            }

            var notification = An.Notification(id, attempt.Number, $"n{_notifications.Count}", amount: attempt.Amount, at: _now)
                with
            { Channel = attempt.Channel, TradeNo = _provider.Find(attempt.Number)!.TradeNo };
            var told = random.Next(12) switch
            {
                0 => notification with { Amount = attempt.Amount + 1 },
                1 => notification with { Channel = "other" },
                2 => notification with { Profile = "stranger" },
                _ => notification,
            };
            _lies[attempt.Number] = _lies.GetValueOrDefault(attempt.Number) + (ReferenceEquals(told, notification) ? 0 : 1);
            _notifications.Add(told);
        }

        /// <summary>Another provider's trade is paid, and notified under this attempt's number.</summary>
        private void MixUp(string id, PaymentAttempt attempt)
        {
            _lies[attempt.Number] = _lies.GetValueOrDefault(attempt.Number) + 1;
            _notifications.Add(
                An.Notification(id, attempt.Number, $"n{_notifications.Count}", amount: attempt.Amount, at: _now) with
                {
                    Channel = "other",
                    TradeNo = $"another's {_notifications.Count}",
                });
        }

        private void Decide(string id)
        {
            var by = An.By($"c{(random.Next(5) == 0 ? random.Next(_acts + 1) : ++_acts)}");
            var delivery = _shop.Deliveries.GetValueOrDefault(id)?.Status;
            var likely = delivery == DeliveryStatus.Delivered ? 1
                : delivery == DeliveryStatus.Withdrawn ? 2
                : random.Next(5);
            var act = ActOf(random.Next(3) == 0 ? random.Next(5) : likely, id, by);
            var before = _shop.Payments.GetValueOrDefault(id);
            var withdrawn = delivery == DeliveryStatus.Withdrawn;
            if (act is PaymentMessage.OperatorConfirmPaid && (before?.Attempts is not [.., var last]
                || _provider.Find(last.Number) is not { Status: TradeStatus.Paid }))
            {
                // Operators confirm what they have seen.
                return;
            }

            _shop.Reopens = act is PaymentMessage.OperatorDeliver;
            Say(act);
            _shop.Reopens = false;
            if (act is PaymentMessage.OperatorConfirmPaid && !ReferenceEquals(before, _shop.Payments.GetValueOrDefault(id)))
            {
                reached.Add("confirmed");
            }

            if (withdrawn && _shop.Deliveries[id].Status == DeliveryStatus.Allocating)
            {
                reached.Add("reopened");
            }
        }

        private PaymentMessage ActOf(int kind, string id, OperatorAct by) => kind switch
        {
            0 => new PaymentMessage.OperatorRefund(id, by, null, null, "whole"),
            1 => new PaymentMessage.OperatorRefund(id, by, null, 1 + random.Next(1_500), "a part"),
            2 => new PaymentMessage.OperatorDeliver(id, by),
            3 => new PaymentMessage.OperatorDismiss(id, by, "looked at"),
            _ => new PaymentMessage.OperatorConfirmPaid(
                id, by, "seen", _shop.Payments.GetValueOrDefault(id)?.Order?.Amount ?? 1),
        };

        /// <summary>The provider's statement has a payment that is not on record.</summary>
        private void Reconcile(string id)
        {
            var missing = _shop.Payments.GetValueOrDefault(id)?.Attempts.FirstOrDefault(
                a => _provider.Find(a.Number)?.Status == TradeStatus.Paid && _shop.Payments[id].Payments.All(p => p.Number != a.Number));
            if (missing is not null)
            {
                reached.Add("statement");
                Say(new PaymentMessage.StatementFinding(
                    id, "f" + missing.Number, StatementFault.MissingHere, missing.Channel, missing.Profile, missing.Number,
                    "t", missing.Amount, "CNY", "line 1", _now));
            }
        }

        private void Command()
        {
            if (_commands.Count == 0)
            {
                return;
            }

            var place = random.Next(_commands.Count);
            var command = _commands[place];
            if (random.Next(4) > 0)
            {
                _commands.RemoveAt(place);
            }

            switch (random.Next(8))
            {
                case 0:
                    break;
                case 1:
                    Say(Failed(command, ChannelResult.Unknown));
                    break;
                case 2 or 3 when command is RefundPayment || random.Next(4) == 0:
                    Say(Failed(command, ChannelResult.Refused));
                    break;
                default:
                    Say(Answered(command));
                    break;
            }
        }

        private object Answered(object command) =>
            command is DeliveryMessage ? command : _provider.Answer(command, _shop.Payments[OrderOf(command)], _now);

        private static object Failed(object command, ChannelResult result) => command switch
        {
            RequestPayment m => new PaymentMessage.Requested(m.OrderId, m.Number, new(result)),
            CheckPayment m => new PaymentMessage.Checked(m.OrderId, m.Number, new(result)),
            ClosePayment m => new PaymentMessage.CloseAnswered(m.OrderId, m.Number, new(result)),
            RefundPayment m => new PaymentMessage.RefundAnswered(m.OrderId, m.Number, m.RefundNumber, new(result)),
            _ => command,
        };

        private static string OrderOf(object command) => command switch
        {
            RequestPayment m => m.OrderId,
            CheckPayment m => m.OrderId,
            ClosePayment m => m.OrderId,
            RefundPayment m => m.OrderId,
            _ => throw new ArgumentOutOfRangeException(nameof(command), command, "No payment command."),
        };

        private void Say(object message)
        {
            _history.Add(message);
            _commands.AddRange(_shop.Run(_now, message));
            if (random.Next(6) == 0 && !_calm)
            {
                _history.Add(message);
                _commands.AddRange(_shop.Run(_now, message));
            }
        }

        /// <summary>No more faults: notifications arrive, commands are answered truthfully, due times come.</summary>
        private void Calm()
        {
            _calm = true;
            foreach (var notification in _notifications)
            {
                Say(An.Notified(notification));
            }

            for (var round = 0; round < 500; round++)
            {
                while (_commands.Count > 0)
                {
                    var command = _commands[0];
                    _commands.RemoveAt(0);
                    Say(Answered(command));
                    _shop.Check();
                }

                var dues = _shop.Payments.Values.Select(p => p.Due).Concat(_shop.Deliveries.Values.Select(d => d.Due));
                if (dues.Where(d => d is not null).Min() is not { } due)
                {
                    return;
                }

                _now = due > _now ? due : _now;
                foreach (var id in _shop.Payments.Keys.ToList())
                {
                    Say(new PaymentMessage.Due(id));
                    Say(new DeliveryMessage.Due(id));
                }

                _shop.Check();
            }

            throw new InvalidOperationException($"It never comes to rest:\n{_shop.Snapshot()}");
        }

        /// <summary>Invariant 8: the whole history again changes nothing.</summary>
        private void Repeat()
        {
            var before = _shop.Snapshot();
            foreach (var message in _history.OfType<PaymentMessage>().Where(WasTaken).ToList())
            {
                _shop.Run(_now, message);
            }

            Require(_shop.Snapshot() == before, $"The history again changed\n{before}\ninto\n{_shop.Snapshot()}");
        }

        /// <summary>What an order refused to an operator may be allowed later: that is another decision.</summary>
        private bool WasTaken(PaymentMessage message) => OperatorDecider.ActOf(message) is not { } by
            || OperatorDecider.IsRepeat(_shop.Payments.GetValueOrDefault(message.OrderId), by.CommandId);

        private static void Require(bool holds, string what)
        {
            if (!holds)
            {
                throw new InvalidOperationException(what);
            }
        }
    }
}
