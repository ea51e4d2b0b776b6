using CardShop.Contracts;
using CardShop.Shop.Channels;
using CardShop.Shop.Delivery;
using CardShop.Shop.Payments;
using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace CardShop.Tests.Unit.Orders;

/// <summary>
/// Orders, payments, answers, time and imports in random order, lost, doubled and reordered: the invariants hold after
/// every step; and when the faults stop, every order comes to its end, and the whole history again changes nothing.
/// </summary>
public sealed class When_anything_happens_in_any_order
{
    private const int Orders = 6;

    // Seeds of runs that once failed, and some of any kind: always run.
    private static readonly ulong[] FixedSeeds = [1, 7, 42, 2_026, 31_337];

    [Fact]
    public void Nothing_is_lost_sold_twice_or_left_behind()
    {
        var reached = new HashSet<string>();
        var fresh = (ulong)DateTime.UtcNow.Ticks;
        foreach (var seed in FixedSeeds.Append(fresh))
        {
            var tests = seed == fresh ? 400 : 100;
            var config = Config.QuickThrowOnFailure.WithMaxTest(tests).WithStartSize(5).WithEndSize(120)
                .WithReplay(seed, 1 | seed).WithQuietOnSuccess(true);
            try
            {
                Prop.ForAll(Histories(), history => new World(reached).Live(history)).Check(config);
            }
            catch (Exception e)
            {
                throw new InvalidOperationException($"Seed {seed}: {e.Message}", e);
            }
        }

        // Otherwise the histories have become too tame to prove anything.
        Assert.Superset(
            new HashSet<string>
            {
                "Delivered", "Withdrawn", "Paid", "Refunded", "Expired", "Cancelled", "SoldOut", "Review", "Surplus", "Waited",
                "Reopened", "Manual", "HandedOver", "Replaced",
            },
            reached);
    }

    private static Arbitrary<Step[]> Histories()
    {
        var step = from kind in Gen.Choose(0, (int)Kind.Max - 1)
                   from order in Gen.Choose(0, Orders - 1)
                   from pick in Gen.Choose(0, 999)
                   select new Step((Kind)kind, order, pick);
        return Arb.From(step.ArrayOf(), Shrink);
    }

    private static IEnumerable<Step[]> Shrink(Step[] steps)
    {
        for (var size = steps.Length / 2; size > 0; size /= 2)
        {
            for (var at = 0; at + size <= steps.Length; at += size)
            {
                yield return [.. steps[..at], .. steps[(at + size)..]];
            }
        }
    }

    private enum Kind
    {
        Place,
        PlaceAgain,
        Pay,
        PayWrong,
        Stray,
        Notify,
        NotifyAgain,
        Cancel,
        Command,
        CommandAgain,
        CommandUnanswered,
        CommandLost,
        CommandRefused,
        Time,
        Due,
        Import,
        Batch,
        HandOver,
        Replace,
        Max,
    }

    private sealed record Step(Kind Kind, int Order, int Pick);

    private sealed class World(HashSet<string> reached)
    {
        private readonly ModelShop _shop = new();
        private readonly ModelProvider _provider = new();
        private readonly List<object> _commands = [];
        private readonly List<object> _done = [];
        private readonly List<object> _history = [];
        private readonly List<object> _pending = [];
        private readonly List<(string Number, PaymentNotification Notification)> _notifications = [];
        private DateTimeOffset _now = An.Start;
        private int _imports;
        private int _acts;

        public void Live(Step[] steps)
        {
            Import(4);
            foreach (var step in steps)
            {
                Take(step);
                _shop.Check();
                if (_shop.Deliveries.Values.Any(d => d.Status == DeliveryStatus.WaitingStock))
                {
                    reached.Add("Waited");
                }
            }

            Calm();
            Repeat();
        }

        private static string Id(int order) => "a" + new string((char)('b' + order), 25);

        private static OrderPlaced Placed(int order) => An.Order(
            Id(order), order % 3 == 2 ? HoldPolicy.Payment : HoldPolicy.Order, order % 2 == 0 ? 0 : 1_800,
            1 + (order % 3)) with
        {
            Channel = ChannelOf(order),
            Kind = order == 3 ? ProductKind.Manual : ProductKind.Unique,
        };

        private static string ChannelOf(int order) => order is 1 or 4 ? "unionpay" : "alipay";

        private void Take(Step step)
        {
            var number = NumberOf(step);
            switch (step.Kind)
            {
                case Kind.Place or Kind.PlaceAgain:
                    Say(An.Placed(Placed(step.Order)));
                    break;
                case Kind.Pay when _provider.Pay(number, _now):
                    AddNotification(step.Order, number, Placed(step.Order).Amount);
                    break;
                case Kind.PayWrong when step.Pick % 4 == 0:
                    AddNotification(step.Order, number, 1);
                    break;
                case Kind.Stray when step.Pick % 3 == 0 && _shop.Payments.ContainsKey(Id(step.Order)):
                    _provider.Stray(Id(step.Order) + "09", Placed(step.Order).Amount, _now);
                    AddNotification(step.Order, Id(step.Order) + "09", Placed(step.Order).Amount);
                    break;
                case Kind.Notify or Kind.NotifyAgain when _notifications.Count > 0:
                    Say(An.Notified(_notifications[step.Pick % _notifications.Count].Notification));
                    break;
                case Kind.Cancel:
                    Say(An.Cancel(Id(step.Order)));
                    break;
                case Kind.Time:
                    _now += TimeSpan.FromSeconds(1 << (step.Pick % 11));
                    break;
                case Kind.Due:
                    Say(step.Pick % 2 == 0
                        ? new PaymentMessage.Due(Id(step.Order))
                        : new DeliveryMessage.Due(Id(step.Order)));
                    break;
                case Kind.Import when _imports < 12:
                    Import(1 + (step.Pick % 3));
                    break;
                case Kind.HandOver or Kind.Replace:
                    HandOver(step);
                    break;
                case Kind.Batch:
                    // What was said since comes as one batch.
                    Flush();
                    break;
                default:
                    Command(step);
                    break;
            }
        }

        private void HandOver(Step step)
        {
            if (step.Kind == Kind.Replace)
            {
                var keys = _shop.Deliveries.GetValueOrDefault(Id(step.Order))?.Keys ?? [];
                Operate(
                    new PaymentMessage.OperatorReplace(
                        Id(step.Order), An.By($"o{++_acts}"), keys.ElementAtOrDefault(step.Pick % (keys.Count + 1)), "faulty",
                        step.Order == 3 ? An.Text(1_000 + _acts) : null),
                    "Replaced");
                return;
            }

            // Of what nobody needs to hand over, a person takes no notice.
            var manual = _shop.Deliveries.Values.Where(d => d.Status == DeliveryStatus.Manual).Select(d => d.Id);
            var id = manual.FirstOrDefault() ?? Id(step.Order);
            Operate(new PaymentMessage.OperatorHandOver(id, An.By($"o{++_acts}"), An.Text(1_000 + _acts)), "HandedOver");
        }

        /// <summary>Operators' decisions come one by one. What was refused is not said again: by then it may be allowed.</summary>
        private void Operate(PaymentMessage message, string mark)
        {
            Flush();
            if (_shop.Deliveries.Values.Any(d => d.Status == DeliveryStatus.Manual))
            {
                reached.Add("Manual");
            }

            var before = _shop.Snapshot();
            _shop.Reopens = true;
            _commands.AddRange(_shop.Run(_now, message));
            _shop.Reopens = false;
            if (_shop.Snapshot() != before)
            {
                _history.Add(message);
                reached.Add(mark);
            }
        }

        /// <summary>One of the order's attempts; the first where there is none yet.</summary>
        private string NumberOf(Step step) =>
            _shop.Payments.GetValueOrDefault(Id(step.Order)) is { Attempts: { Count: > 0 } attempts }
                ? attempts[step.Pick % attempts.Count].Number
                : Id(step.Order) + "01";

        private void Command(Step step)
        {
            var from = step.Kind == Kind.CommandAgain ? _done : _commands;
            if (from.Count == 0)
            {
                return;
            }

            var command = from[step.Pick % from.Count];
            if (step.Kind != Kind.CommandAgain)
            {
                from.RemoveAt(step.Pick % from.Count);
                _done.Add(command);
            }

            if (step.Kind == Kind.CommandLost)
            {
                return;
            }

            if (step is { Kind: Kind.CommandUnanswered } && step.Pick % 4 == 0 && command is not DeliveryMessage)
            {
                // Done there, and the answer lost.
                Answered(command);
            }

            Say(step is { Kind: Kind.CommandUnanswered } && step.Pick % 2 == 0 ? Unanswered(command, ChannelResult.Unknown)
                : step is { Kind: Kind.CommandRefused } && step.Pick % 5 == 0 ? Unanswered(command, ChannelResult.Refused)
                : Answered(command));
        }

        private object Answered(object command) => command is DeliveryMessage
            ? command
            : _provider.Answer(command, _shop.Payments[OrderOf(command)], _now);

        private static object Unanswered(object command, ChannelResult result) => command switch
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

        private void AddNotification(int order, string number, long amount) => _notifications.Add((
            number, An.Notification(Id(order), number, $"n{_notifications.Count}", amount: amount, at: _now) with
            {
                Channel = ChannelOf(order),
                QueryFirst = ChannelOf(order) == "unionpay" ? true : null,
            }));

        private void Import(int keys)
        {
            _imports++;
            Say(new KeysImported(
                $"b{_imports}", "S", "a", "kek-1", _now,
                [.. Enumerable.Range(0, keys).Select(i => new SealedKey(new(_imports, (short)i, 0, new byte[8]), []))]));
        }

        /// <summary>Every third message waits, to come in a batch with others.</summary>
        private void Say(object message)
        {
            _history.Add(message);
            _pending.Add(message);
            if (_history.Count % 3 != 0)
            {
                Flush();
            }
        }

        private void Flush()
        {
            if (_pending.Count > 0)
            {
                _commands.AddRange(_shop.Run(_now, [.. _pending]));
                _pending.Clear();
            }
        }

        /// <summary>No more faults: every notification arrives, every command is answered truthfully, time goes on.</summary>
        private void Calm()
        {
            Flush();
            foreach (var (_, notification) in _notifications)
            {
                Say(An.Notified(notification));
            }

            Flush();
            for (var round = 0; round < 400; round++)
            {
                while (_commands.Count > 0)
                {
                    var command = _commands[0];
                    _commands.RemoveAt(0);
                    Say(Answered(command));
                    Flush();
                    _shop.Check();
                }

                if (NextDue() is not { } due)
                {
                    CheckEnds();
                    return;
                }

                _now = due > _now ? due : _now;
                foreach (var id in _shop.Payments.Keys.ToList())
                {
                    Say(new PaymentMessage.Due(id));
                    Say(new DeliveryMessage.Due(id));
                }

                Flush();
                _shop.Check();
            }

            throw new InvalidOperationException($"It never comes to rest:\n{_shop.Snapshot()}");
        }

        private DateTimeOffset? NextDue() => _shop.Payments.Values.Select(p => p.Due)
            .Concat(_shop.Deliveries.Values.Select(d => d.Due)).Where(d => d is not null).Min();

        private void CheckEnds()
        {
            foreach (var (id, payment) in _shop.Payments)
            {
                var delivery = _shop.Deliveries.GetValueOrDefault(id);
                var ended = payment.Status == PaymentStatus.Paid
                    ? delivery is { Status: DeliveryStatus.Delivered or DeliveryStatus.Review }
                    : payment.Status is not (
                        PaymentStatus.Reserved or PaymentStatus.AwaitingPayment or PaymentStatus.Refunding);
                if (!ended)
                {
                    throw new InvalidOperationException($"{id} is left {payment.Status}, its delivery {delivery?.Status}");
                }
            }

            if (_shop.Payments.Values.Any(p => p.Attempts.Count > 1))
            {
                reached.Add("Reopened");
            }

            reached.UnionWith(_shop.Payments.Values.Select(p => p.Status.ToString()));
            reached.UnionWith(_shop.Payments.Values.SelectMany(p => p.Payments).Select(p => p.Use.ToString()));
            reached.UnionWith(_shop.Deliveries.Values.Select(d => d.Status.ToString()));
            foreach (var (number, notification) in _notifications)
            {
                if (_shop.Payments[notification.OrderId].Payments.All(p => p.Number != number))
                {
                    throw new InvalidOperationException($"The money of {number} is not on record");
                }
            }
        }

        private void Repeat()
        {
            var before = _shop.Snapshot();
            foreach (var message in _history.Where(m => m is not KeysImported).ToList())
            {
                _shop.Run(_now, message);
                _shop.Check();
            }

            // Imports are passed over by their position in the log; their keys are known besides.
            foreach (var import in _history.OfType<KeysImported>().ToList())
            {
                _shop.Run(_now, import);
            }

            if (_shop.Snapshot() != before)
            {
                throw new InvalidOperationException($"The history again changed\n{before}\ninto\n{_shop.Snapshot()}");
            }
        }
    }
}
