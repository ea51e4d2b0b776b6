using System.Text.Json;
using CardShop.Api.Payments;
using CardShop.Contracts;
using CardShop.Shop.Orders;

namespace CardShop.Api.Orders;

/// <summary>
/// What a buyer can do with an order that exists: look at it, follow it, cancel it, pay it by another channel. The token
/// is the proof.
/// </summary>
public sealed class OrderEndpoints(
    OrderDesk desk, OrderWatch watch, OrderTokens tokens, ChannelChoice channels, InputLog log, GracefulStop stop, TimeProvider time)
{
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(15);

    /// <summary><c>GET /v1/orders/{id}</c></summary>
    public async Task ShowAsync(HttpContext context, string id)
    {
        if (Authorise(context, id, out var token) is { } refusal)
        {
            await refusal.WriteAsync(context);
            return;
        }

        var view = await desk.ShowAsync(id, token!, context.RequestAborted);
        if (view is null)
        {
            await NotFound.WriteAsync(context);
            return;
        }

        context.Response.ContentType = "application/json";
        context.Response.Headers.CacheControl = "no-store";
        await JsonSerializer.SerializeAsync(
            context.Response.Body, view, ApiJson.Default.OrderView, context.RequestAborted);
    }

    /// <summary><c>GET /v1/orders/{id}/events</c>: the same object as server-sent events, whenever it changes.</summary>
    public async Task FollowAsync(HttpContext context, string id)
    {
        if (Authorise(context, id, out var token) is { } refusal)
        {
            await refusal.WriteAsync(context);
            return;
        }

        using var lease = watch.Watch(id);
        if (lease is null)
        {
            await Problem.Of(
                StatusCodes.Status503ServiceUnavailable, "Too many orders are followed at this moment",
                "Ask for the order itself every few seconds.").WriteAsync(context);
            return;
        }

        context.Response.ContentType = "text/event-stream";
        context.Response.Headers.CacheControl = "no-store";
        using var end = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, stop.StreamsEnd);
        try
        {
            await FollowAsync(context, id, token!, lease, end.Token);
        }
        catch (OperationCanceledException)
        {
            // The buyer closed the page, or this instance stops: the page asks another one.
        }
    }

    private async Task FollowAsync(
        HttpContext context, string id, OrderToken token, OrderWatch.Lease lease, CancellationToken stop)
    {
        var quietSince = time.GetTimestamp();
        OrderView? last = null;
        var lastText = string.Empty;
        // What a page shows first does not wait for the next statement.
        var changed = lease.Changed;
        var view = await desk.ShowAsync(id, token, stop);
        while (true)
        {
            var text = view is null || view == last ? lastText : JsonSerializer.Serialize(view, ApiJson.Default.OrderView);
            last = view;
            if (text != lastText)
            {
                lastText = text;
                quietSince = time.GetTimestamp();
                await SendAsync(context, $"event: order\ndata: {text}\n\n", stop);
            }
            else if (time.GetElapsedTime(quietSince) > Heartbeat)
            {
                quietSince = time.GetTimestamp();
                await SendAsync(context, ": still here\n\n", stop);
            }

            if (view is { IsFinal: true })
            {
                await SendAsync(context, "event: end\ndata: {}\n\n", stop);
                return;
            }

            // Its place in the queue moves on while nothing is written of it.
            await Task.WhenAny(changed, Task.Delay(Tick, time, stop));
            stop.ThrowIfCancellationRequested();
            changed = lease.Changed;
            if (lease.State is { Read: true } state)
            {
                // The watch does not know the archive: what the first look could not tell is asked for again.
                view = view is { Degraded: true } && state is { Order: null, Degraded: false }
                    ? await desk.ShowAsync(id, token, stop)
                    : desk.View(id, token, state.Order, state.Degraded);
            }
        }
    }

    /// <summary><c>GET /v1/orders/{id}/qr</c>: the code that a phone scans to pay, as SVG; 404 while there is nothing to pay.</summary>
    public async Task QrAsync(HttpContext context, string id)
    {
        if (Authorise(context, id, out var token) is { } refusal)
        {
            await refusal.WriteAsync(context);
            return;
        }

        if ((await desk.ShowAsync(id, token!, context.RequestAborted))?.Payment is not { } payment)
        {
            await Problem.Of(
                StatusCodes.Status404NotFound, "There is nothing to pay now", "Look at the order: its status says why.")
                .WriteAsync(context);
            return;
        }

        context.Response.ContentType = "image/svg+xml";
        context.Response.Headers.CacheControl = "no-store";
        await context.Response.WriteAsync(PaymentQr.Svg(payment.Qr ?? payment.Link), context.RequestAborted);
    }

    /// <summary><c>POST /v1/orders/{id}/cancel</c>: written to Kafka; the saga decides whether it is still possible.</summary>
    public async Task CancelAsync(HttpContext context, string id)
    {
        if (Authorise(context, id, out var token) is { } refusal)
        {
            await refusal.WriteAsync(context);
            return;
        }

        var request = new OrderCancelRequested(id, token!.Sku, time.GetUtcNow());
        await AnswerAsync(
            context, id,
            await log.AppendAsync(
                Topics.Orders, token.Sku, MessageTypes.OrderCancelRequested, request,
                ContractsJson.Default.OrderCancelRequested),
            "Cancel it again in a moment.");
    }

    /// <summary>
    /// <c>POST /v1/orders/{id}/channel</c>: written to Kafka; the saga decides whether it is still possible, and the
    /// order then shows the other channel's link.
    /// </summary>
    public async Task SwitchAsync(HttpContext context, string id)
    {
        if (Authorise(context, id, out var token) is { } unauthorised)
        {
            await unauthorised.WriteAsync(context);
            return;
        }

        var (body, unreadable) = await RequestBody.ReadJsonAsync(context, OrderRequestReader.MaxBody);
        var (request, wrong) = unreadable is null ? OrderRequestReader.ParseSwitch(body.Span) : (null, unreadable);
        if (request is null)
        {
            await wrong!.WriteAsync(context);
            return;
        }

        if (channels.Refusal(request.Channel) is { } refusal)
        {
            await refusal.WriteAsync(context);
            return;
        }

        var message = new ChannelSwitchRequested(id, token!.Sku, request.Channel!, time.GetUtcNow());
        await AnswerAsync(
            context, id,
            await log.AppendAsync(
                Topics.Orders, token.Sku, MessageTypes.ChannelSwitchRequested, message,
                ContractsJson.Default.ChannelSwitchRequested),
            "Choose the channel again in a moment.");
    }

    private static Problem NotFound { get; } = Problem.Of(
        StatusCodes.Status404NotFound, "There is no such order", "Check the order number and its token.");

    /// <summary>202 once Kafka has the request, 503 otherwise.</summary>
    private static Task AnswerAsync(HttpContext context, string id, long? offset, string otherwise)
    {
        if (offset is null)
        {
            return Problem.Unavailable(otherwise).WriteAsync(context);
        }

        context.Response.StatusCode = StatusCodes.Status202Accepted;
        context.Response.ContentType = "application/json";
        return context.Response.WriteAsync(
            $"{{\"orderId\":\"{id}\",\"statusUrl\":\"/v1/orders/{id}\"}}", context.RequestAborted);
    }

    private Problem? Authorise(HttpContext context, string id, out OrderToken? token)
    {
        token = null;
        var header = context.Request.Headers.Authorization.ToString();
        if (!header.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase))
        {
            context.Response.Headers.WWWAuthenticate = "Bearer";
            return Problem.Of(
                StatusCodes.Status401Unauthorized, "The order's token is missing",
                "Send Authorization: Bearer with the token that the order was answered with.");
        }

        if (OrderIds.IsValid(id))
        {
            token = tokens.Verify(id, header.AsSpan("Bearer ".Length).Trim());
        }

        return token is null ? NotFound : null;
    }

    private static async Task SendAsync(HttpContext context, string text, CancellationToken cancellation)
    {
        await context.Response.WriteAsync(text, cancellation);
        await context.Response.Body.FlushAsync(cancellation);
    }
}
