using System.Diagnostics;
using CardShop.Pipeline.Batches;
using CardShop.Pipeline.Outbox;

namespace CardShop.Pipeline.Telemetry;

/// <summary>
/// The spans of one batch: one of its own, below which the database's statements stand, linked to the messages; and one
/// per message in the trace of the message's order. Null where nothing is traced.
/// </summary>
public sealed class BatchTrace : IDisposable
{
    /// <summary>Collectors cut off longer lists.</summary>
    private const int MaxLinks = 128;

    private readonly Activity? _under;
    private readonly Activity? _batch;
    private readonly List<Activity> _messages = [];
    private readonly Dictionary<string, string> _orders = [];
    private bool _isSaved;

    private BatchTrace(Activity? under, Activity? batch)
    {
        _under = under;
        _batch = batch;
    }

    /// <summary>Begins the span of a batch that has a traced message; null for any other.</summary>
    public static BatchTrace? Start(string group, IReadOnlyList<Incoming> messages)
    {
        if (!Traces.IsOn)
        {
            return null;
        }

        var links = messages.Select(m => Traces.ContextOf(m.TraceParent)).OfType<ActivityContext>()
            .Take(MaxLinks).Select(c => new ActivityLink(c)).ToList();
        // A batch belongs to no order; whether it is kept is the sampler's choice.
        var under = Activity.Current;
        Activity.Current = null;
        var batch = links.Count == 0 ? null : Traces.Begin("batch " + group, ActivityKind.Internal, default, links);
        batch?.SetTag("cardshop.group", group).SetTag("messaging.batch.message_count", messages.Count);
        Activity.Current = batch ?? under;
        return new(under, batch);
    }

    /// <summary>Begins the span of one message; what its order sends from now on is below it.</summary>
    /// <param name="name">The message's type.</param>
    /// <param name="orderTrace">The trace that the order was placed in, where that is known: its messages stand in it.</param>
    public void Follow(Incoming message, string name, string? orderId, string? orderTrace)
    {
        var own = Traces.ContextOf(message.TraceParent);
        var order = Traces.ContextOf(orderTrace);
        // What comes from outside, a notification say, comes in a trace of its own: it is linked.
        var isForeign = own is { } o && order is { } placed && o.TraceId != placed.TraceId;
        if ((isForeign ? order : own ?? order) is not { } parent)
        {
            return;
        }

        List<ActivityLink> links = isForeign ? [new(own!.Value)] : [];
        if (_batch is not null)
        {
            links.Add(new(_batch.Context));
        }

        if (Traces.Begin("process " + name, ActivityKind.Consumer, parent, links) is not { } span)
        {
            return;
        }

        _messages.Add(span);
        if (orderId is not null && Traces.Parent(span) is { } traceparent)
        {
            span.SetTag("cardshop.order", orderId);
            _orders[orderId] = traceparent;
        }
    }

    /// <summary>Records with the span of their order's last message.</summary>
    public IReadOnlyList<OutRecord> Carry(IReadOnlyList<OutRecord> records) => _orders.Count == 0 ? records :
    [
        .. records.Select(r => r.OrderId is { } id && _orders.TryGetValue(id, out var parent) ? r with { TraceParent = parent } : r),
    ];

    /// <summary>Commands likewise.</summary>
    public IReadOnlyList<OutCommand> Carry(IReadOnlyList<OutCommand> commands) => _orders.Count == 0 ? commands :
    [
        .. commands.Select(c => _orders.TryGetValue(c.ConversationId, out var parent) ? c with { TraceParent = parent } : c),
    ];

    /// <summary>The transaction is committed: the spans end well.</summary>
    public void Saved() => _isSaved = true;

    public void Dispose()
    {
        foreach (var span in _messages)
        {
            End(span);
        }

        if (_batch is not null)
        {
            End(_batch);
        }

        // Each span's end has made its own choice of what is under way.
        Activity.Current = _under;
    }

    private void End(Activity span)
    {
        if (!_isSaved)
        {
            span.SetStatus(ActivityStatusCode.Error, "not committed");
        }

        span.Dispose();
    }
}
