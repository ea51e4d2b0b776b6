using System.Collections.Concurrent;
using System.Diagnostics;
using CardShop.Pipeline.Batches;
using CardShop.Pipeline.Outbox;
using CardShop.Pipeline.Telemetry;
using Xunit;

namespace CardShop.Tests.Unit.Telemetry;

public sealed class When_a_batch_is_traced : IDisposable
{
    private const string Order = "00-11111111111111111111111111111111-2222222222222222-01";
    private const string Foreign = "00-33333333333333333333333333333333-4444444444444444-01";
    private const string Unsampled = "00-55555555555555555555555555555555-6666666666666666-00";

    private readonly ConcurrentBag<Activity> _ended = [];
    private ActivityListener? _listener;

    [Fact]
    public void With_nobody_listening_there_is_no_span() =>
        Assert.Null(BatchTrace.Start("group", [Message(Order)]));

    [Fact]
    public void A_messages_span_stands_in_its_trace_and_what_is_sent_carries_it()
    {
        Listen();
        var message = Message(Order);
        var trace = BatchTrace.Start("group", [message])!;
        trace.Follow(message, "Placed", "order", null);
        var sent = Assert.Single(trace.Carry([Record("order")]));
        var command = Assert.Single(trace.Carry([Command("order")]));
        trace.Saved();
        trace.Dispose();

        var span = Assert.Single(_ended, a => a.DisplayName == "process Placed");
        Assert.Equal("11111111111111111111111111111111", span.TraceId.ToHexString());
        Assert.Equal("2222222222222222", span.ParentSpanId.ToHexString());
        Assert.Equal(span.Id, sent.TraceParent);
        Assert.Equal(span.Id, command.TraceParent);
        Assert.Equal(ActivityStatusCode.Unset, span.Status);
        var batch = Assert.Single(_ended, a => a.DisplayName == "batch group");
        Assert.Equal("2222222222222222", Assert.Single(batch.Links).Context.SpanId.ToHexString());
        Assert.Contains(span.Links, l => l.Context.SpanId == batch.SpanId);
    }

    [Fact]
    public void A_message_from_outside_is_seen_in_its_orders_trace_and_linked()
    {
        Listen();
        var message = Message(Foreign);
        using (var trace = BatchTrace.Start("group", [message])!)
        {
            trace.Follow(message, "Notified", "order", Order);
        }

        var span = Assert.Single(_ended, a => a.DisplayName == "process Notified");
        Assert.Equal("11111111111111111111111111111111", span.TraceId.ToHexString());
        Assert.Contains(span.Links, l => l.Context.TraceId.ToHexString() == "33333333333333333333333333333333");
        // It was never saved.
        Assert.Equal(ActivityStatusCode.Error, span.Status);
    }

    [Fact]
    public void What_is_not_sampled_leaves_no_span_and_sends_none()
    {
        Listen();
        var message = Message(Unsampled);
        using (var trace = BatchTrace.Start("group", [message])!)
        {
            trace.Follow(message, "Placed", "order", null);
            Assert.Null(Assert.Single(trace.Carry([Record("order")])).TraceParent);
        }

        Assert.DoesNotContain(_ended, a => a.DisplayName is "process Placed" or "batch group");
    }

    [Fact]
    public void A_broken_header_is_passed_over()
    {
        Listen();
        using var span = Traces.Start("name", ActivityKind.Client, "no traceparent");
        Assert.Null(span);
    }

    [Fact]
    public void The_span_under_way_is_again_what_it_was()
    {
        Listen();
        using var around = new Activity("around").SetIdFormat(ActivityIdFormat.W3C).Start();
        var message = Message(Order);
        using (var trace = BatchTrace.Start("group", [message])!)
        {
            Assert.Equal("batch group", Activity.Current?.DisplayName);
            trace.Follow(message, "Placed", "order", null);
            Assert.Equal("batch group", Activity.Current?.DisplayName);
            trace.Saved();
        }

        Assert.Same(around, Activity.Current);
    }

    public void Dispose() => _listener?.Dispose();

    private static DueIncoming Message(string traceparent) => new(new object()) { TraceParent = traceparent };

    private static OutRecord Record(string order) => new("topic", 0, "key", "type", [], DateTimeOffset.UnixEpoch, order);

    private static OutCommand Command(string order) => new("queue", "type", "id", order, [], DateTimeOffset.UnixEpoch);

    private void Listen()
    {
        _listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == Traces.SourceName,
            Sample = static (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = _ended.Add,
        };
        ActivitySource.AddActivityListener(_listener);
    }
}
