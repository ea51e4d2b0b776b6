using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Text;
using System.Text.Json;
using CardShop.Contracts;
using CardShop.Pipeline.Telemetry;
using CardShop.Tests.Integration.Servers;
using CardShop.Tests.Integration.Shop;
using Xunit;

namespace CardShop.Tests.Integration.Monitoring;

public sealed class When_an_order_is_traced(TestServers servers)
{
    private const string Request = "00f067aa0ba902b7";

    [Fact]
    public async Task One_trace_leads_from_the_request_through_all_transports_to_the_delivery()
    {
        var id = ActivityTraceId.CreateRandom();
        var spans = new ConcurrentBag<Activity>();
        using var listener = Listen(id, spans);
        await using var shop = await RunningShop.StartAsync(servers);
        await shop.AddProductAsync("TRACED", keys: 1);

        var order = await PlaceAsync(shop, id);
        await shop.PayAsync(order);
        await shop.UntilAsync(order, "delivered");
        await Eventually.TrueAsync(
            () => Task.FromResult(Of(spans, id).Any(s => s.DisplayName == "process " + MessageTypes.OrderDelivered)),
            () => "the notifications fleet has processed the delivery; spans: " + Names(spans, id));

        var mine = Of(spans, id);
        var http = Assert.Single(mine, s => s.Kind == ActivityKind.Server);
        Assert.Equal(Request, http.ParentSpanId.ToHexString());
        // Down the good path each span is below the one that sent its message: by a record, the outbox, a command.
        var published = Assert.Single(mine, s => s.DisplayName == "publish " + Topics.Orders.Name);
        Assert.Equal(http.SpanId, published.ParentSpanId);
        var placed = Assert.Single(mine, s => s.DisplayName == "process Placed");
        Assert.Equal(published.SpanId, placed.ParentSpanId);
        Assert.Contains(mine, s => s.DisplayName == "alipay RequestPayment" && s.ParentSpanId == placed.SpanId);
        Assert.Contains(mine, s => s.DisplayName == "process Requested" && s.ParentSpanId == placed.SpanId);
        // The provider knows nothing of our trace: the notification joins it by its order.
        var notified = mine.First(s => s.DisplayName == "process Notified");
        var delivered = Assert.Single(mine, s => s.DisplayName == "process Deliver");
        Assert.Equal(notified.SpanId, delivered.ParentSpanId);
        Assert.Contains(
            mine, s => s.DisplayName == "process " + MessageTypes.OrderDelivered && s.ParentSpanId == delivered.SpanId);
        Assert.All(mine, s => Assert.NotEqual(ActivityStatusCode.Error, s.Status));

        // A batch belongs to nobody's trace, and is linked to the messages in it.
        Assert.Contains(spans, s => s.DisplayName == "batch delivery" || s.DisplayName == "batch orders");
        Assert.All(
            spans.Where(s => s.DisplayName.StartsWith("batch ", StringComparison.Ordinal)),
            b => Assert.Contains(b.Links, l => l.Context.TraceId == id));
        var events = await shop.RecordsAsync(Topics.Deliveries);
        Assert.Contains(id.ToHexString(), Assert.Single(events, e => e.Key == order.Id).TraceParent, StringComparison.Ordinal);
    }

    private static List<Activity> Of(ConcurrentBag<Activity> spans, ActivityTraceId id) => [.. spans.Where(s => s.TraceId == id)];

    private static string Names(ConcurrentBag<Activity> spans, ActivityTraceId id) =>
        string.Join(", ", Of(spans, id).Select(s => s.DisplayName));

    /// <summary>Samples this test's trace alone: others of the run have theirs untouched.</summary>
    private static ActivityListener Listen(ActivityTraceId id, ConcurrentBag<Activity> spans)
    {
        var listener = new ActivityListener
        {
            ShouldListenTo = s => s.Name is Traces.SourceName or "Microsoft.AspNetCore",
            Sample = (ref ActivityCreationOptions<ActivityContext> o) =>
                o.Parent.TraceId == id || (o.Links?.Any(l => l.Context.TraceId == id) ?? false)
                    ? ActivitySamplingResult.AllDataAndRecorded
                    : ActivitySamplingResult.None,
            ActivityStopped = spans.Add,
        };
        ActivitySource.AddActivityListener(listener);
        return listener;
    }

    private static async Task<PlacedOrder> PlaceAsync(RunningShop shop, ActivityTraceId id)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(shop.Api, "/v1/orders"));
        request.Headers.TryAddWithoutValidation("traceparent", $"00-{id.ToHexString()}-{Request}-01");
        request.Content = new StringContent(
            """{"sku":"TRACED","quantity":1,"contact":"buyer@example.org","channel":"alipay"}""", Encoding.UTF8, "application/json");
        using var answer = await shop.Http.SendAsync(request);
        Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode);
        using var json = JsonDocument.Parse(await answer.Content.ReadAsStringAsync());
        var token = json.RootElement.GetProperty("token").GetString()!;
        shop.Known.Add("order token", token);
        return new(json.RootElement.GetProperty("orderId").GetString()!, token);
    }
}
