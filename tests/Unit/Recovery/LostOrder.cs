using CardShop.Contracts;
using CardShop.Shop.Delivery;
using CardShop.Shop.Orders;
using CardShop.Shop.Payments;
using CardShop.Shop.Recovery;
using CardShop.Tests.Unit.Orders;

namespace CardShop.Tests.Unit.Recovery;

/// <summary>
/// One order with the log that it writes: what it does is remembered as Kafka would, so that any moment of it can be lost
/// and rebuilt.
/// </summary>
internal sealed class LostOrder
{
    private readonly List<(int Step, DateTimeOffset At, PaymentMessage Message)> _inputs = [];
    private readonly List<(int Step, PaymentSaga Saga)> _facts = [];
    private readonly List<(int Step, object Event)> _events = [];
    private readonly List<(int Step, KeysImported Text)> _texts = [];
    private readonly List<OrderCase> _cases = [OrderCase.None];

    public OrderCase Case => _cases[^1];

    /// <summary>How often it was changed; a database can be lost back to any of these.</summary>
    public int Steps => _cases.Count - 1;

    public DateTimeOffset Now { get; set; } = An.Start;

    public List<object> Commands { get; } = [];

    public OrderCase At(int step) => _cases[step];

    /// <summary>A message is processed; inputs are in the log since they were appended.</summary>
    public LostOrder Do(object message, long available = 100, params Guid[] keys)
    {
        var facts = new Facts(available, keys, ShopSettings.Default);
        var decision = message switch
        {
            PaymentMessage m => PaymentDecider.Decide(Case, m, facts, Now),
            DeliveryMessage m => DeliveryDecider.Decide(Case, m, facts, Now),
            _ => throw new ArgumentOutOfRangeException(nameof(message)),
        };
        _cases.Add(decision.Case);
        if (message is PaymentMessage.Placed or PaymentMessage.Cancel or PaymentMessage.SwitchChannel or PaymentMessage.Notified)
        {
            _inputs.Add((Steps, Now, (PaymentMessage)message));
        }

        foreach (var send in decision.Sends)
        {
            switch (send)
            {
                case SagaFact:
                    _facts.Add((Steps, decision.Case.Payment!));
                    break;
                case KeysImported text:
                    _texts.Add((Steps, text));
                    break;
                case OrderDelivered or OrderRefunded or OrderExpired or DeliveryFailed or KeyReplaced:
                    _events.Add((Steps, send));
                    break;
                default:
                    Commands.Add(send);
                    break;
            }
        }

        return this;
    }

    /// <summary>What a recovery finds when the database is as it was after a step.</summary>
    /// <param name="unsent">Facts and events of so many last steps never left the outbox.</param>
    /// <param name="restored">Other documents, as an interrupted recovery leaves them.</param>
    public OrderEvidence LostSince(int step, int unsent = 0, OrderCase? restored = null)
    {
        bool IsKnown(int at) => at > step && at <= Steps - unsent;
        var inputs = _inputs.Where(i => i.Step > step).ToList();
        return new(
            An.Id, restored ?? _cases[step],
            _facts.Where(f => IsKnown(f.Step)).Select(f => f.Saga).MaxBy(f => f.Version),
            [.. _events.Where(e => IsKnown(e.Step)).Select(e => e.Event)],
            [.. inputs.Where(i => i.Message is not PaymentMessage.Notified).Select(i => new TimedInput(i.At, i.Message))],
            [.. inputs.Where(i => i.Message is PaymentMessage.Notified).Select(i => new TimedInput(i.At, i.Message))],
            [.. _texts.Where(t => IsKnown(t.Step)).Select(t => t.Text)]);
    }

    public RebuiltOrder RebuiltSince(int step, int unsent = 0, OrderCase? restored = null) =>
        OrderRebuilder.Rebuild(LostSince(step, unsent, restored), ShopSettings.Default, Now);

    public int HighestSequence(int unsent = 0) => _events.Where(e => e.Step <= Steps - unsent).Select(e => e.Event switch
    {
        OrderDelivered m => m.Sequence,
        OrderRefunded m => m.Sequence,
        OrderExpired m => m.Sequence,
        DeliveryFailed m => m.Sequence,
        KeyReplaced m => m.Sequence,
        _ => 0,
    }).DefaultIfEmpty(0).Max();

    public bool HasTold<T>(int unsent = 0) => _events.Any(e => e.Step <= Steps - unsent && e.Event is T);
}
