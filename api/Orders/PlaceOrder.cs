using System.Net;
using System.Text;
using System.Text.Json;
using CardShop.Api.Payments;
using CardShop.Api.Tables;
using CardShop.Contracts;
using CardShop.Shop.Orders;

namespace CardShop.Api.Orders;

/// <summary>
/// <c>POST /v1/orders</c>: checks a request against the tables in memory, writes OrderPlaced to Kafka, and answers when
/// Kafka has it. Nothing else is needed to accept an order.
/// </summary>
public sealed class PlaceOrder(
    ApiSettings settings, ShopTables tables, ShopSecrets secrets, OrderTokens tokens, InputLog log, RecentOrders recent,
    RateLimits limits, ChannelChoice channels, TimeProvider time)
{
    private int _inFlight;

    public async Task HandleAsync(HttpContext context)
    {
        try
        {
            var problem = await AcceptAsync(context);
            if (problem is not null)
            {
                await problem.WriteAsync(context);
            }
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // The buyer hung up. An order that was written is an order all the same.
        }
#pragma warning disable CA1031 // The last place that can answer: a fault of ours is a 500, not a cut connection.
        catch (Exception e) when (!context.Response.HasStarted)
#pragma warning restore CA1031
        {
            await Unexpected.AnswerAsync(context, e);
        }
    }

    private async Task<Problem?> AcceptAsync(HttpContext context)
    {
        if (!tables.Ready)
        {
            return Problem.Unavailable("The catalog is still being read. Try again in a moment.");
        }

        if (!limits.Allow(context.Connection.RemoteIpAddress))
        {
            return Problem.Of(
                StatusCodes.Status429TooManyRequests, "Too many orders from this network", "Wait a little and try again.");
        }

        var (body, refusal) = await RequestBody.ReadJsonAsync(context, OrderRequestReader.MaxBody);
        if (refusal is not null)
        {
            return refusal;
        }

        var (request, unreadable) = OrderRequestReader.Parse(body.Span);
        if (request is null)
        {
            return unreadable;
        }

        var key = context.Request.Headers["Idempotency-Key"];
        if (key.Count > 1 || (key.Count == 1 && !OrderRequestReader.IsIdempotencyKey(key[0] ?? string.Empty)))
        {
            return Problem.Field("Idempotency-Key", "Use one key of 16 to 255 printable ASCII characters that nobody can guess.");
        }

        if (OrderRequestReader.Check(request, channels.Names) is { } errors)
        {
            return Problem.Fields(errors);
        }

        return await AcceptAsync(context, request, key.Count == 0 ? null : key[0]);
    }

    private async Task<Problem?> AcceptAsync(HttpContext context, OrderRequest request, string? key)
    {
        if (tables.Find(request.Sku!) is not { } product)
        {
            return Problem.Of(StatusCodes.Status404NotFound, "There is no such product", $"No product has the sku {request.Sku}.");
        }

        var contact = Contacts.Normalise(request.Contact!);
        var orderId = key is null
            ? FreshId()
            : OrderIds.FromIdempotencyKey(settings.Region, secrets.OrderId, contact, product.Sku, key);
        var bodyHash = BodyHash(request, contact);
        if (key is not null && recent.Find(orderId) is { } known)
        {
            return known.BodyHash == bodyHash
                ? await AnswerAsync(context, orderId, product.Sku, known)
                : Problem.Of(
                    StatusCodes.Status422UnprocessableEntity, "The Idempotency-Key was used for another order",
                    "Repeat the first request unchanged, or use a new key.");
        }

        if (Unsellable(request, product, key is null ? null : orderId) is { } unsellable)
        {
            return unsellable;
        }

        var order = Build(request, product, orderId, contact, bodyHash, context.Connection.RemoteIpAddress);
        var partition = Topics.Orders.PartitionOf(product.Sku);
        if (await AppendAsync(order) is not { } offset)
        {
            return Problem.Unavailable(
                "Nothing was charged. Send the same request again, with the same Idempotency-Key if it had one.");
        }

        var accepted = new RecentOrder(
            bodyHash, partition, offset, order.AcceptedAt, new(order.Currency, order.Amount));
        if (key is not null)
        {
            recent.Add(orderId, accepted);
        }

        return await AnswerAsync(context, orderId, product.Sku, accepted);
    }

    private string FreshId()
    {
        Span<byte> random = stackalloc byte[16];
        Randomness.Fill(random);
        return OrderIds.Fresh(settings.Region, random);
    }

    private Problem? Unsellable(OrderRequest request, Product product, string? orderId)
    {
        if (request.Quantity > product.MaxQuantity)
        {
            return Problem.Field("quantity", $"At most {product.MaxQuantity} of this product per order.");
        }

        // An order accepted earlier under this key stays reachable.
        var token = orderId is null
            ? null
            : tokens.Issue(
                orderId, new(product.Sku, Topics.OrdersVersion, Topics.Orders.PartitionOf(product.Sku), -1));
        if (!product.OnSale)
        {
            return Problem.Of(StatusCodes.Status409Conflict, "This product is not on sale") with
            {
                OrderId = orderId,
                Token = token,
            };
        }

        if (channels.Refusal(request.Channel) is { } refusal)
        {
            return Problem.Field("channel", refusal);
        }

        return tables.Available(product.Sku) is { } available && available < request.Quantity
            ? Problem.Of(
                StatusCodes.Status409Conflict, "Sold out",
                available > 0 ? $"{available} are left." : null) with
            {
                OrderId = orderId,
                Token = token,
            }
            : null;
    }

    private OrderPlaced Build(
        OrderRequest request, Product product, string orderId, string contact, string bodyHash, IPAddress? peer)
    {
        var now = time.GetUtcNow();
        var contactHash = Contacts.Hash(secrets.ContactHash, "contact", contact);
        return new(
            orderId, product.Sku, request.Quantity!.Value, product.Price, product.Price * request.Quantity.Value,
            product.Currency, product.Name, product.Hold, product.HoldSeconds, product.WaitSeconds, product.Version,
            request.Channel!, settings.Region.ToString(), now, bodyHash,
            Contacts.Encrypt(secrets, orderId, request.Contact!.Trim(), now), contactHash,
            settings.IsExempt(peer) || peer is null
                ? null
                : Contacts.Hash(secrets.ContactHash, "network", RateLimits.NetworkOf(peer)),
            request.Password is null
                ? null
                : Contacts.Hash(secrets.ContactHash, "password", contact + "\n" + request.Password));
    }

    /// <returns>The offset; null when Kafka has not acknowledged it in time.</returns>
    private async Task<long?> AppendAsync(OrderPlaced order)
    {
        try
        {
            return Interlocked.Increment(ref _inFlight) > settings.MaxOrdersInFlight
                ? null
                : await log.AppendAsync(
                    Topics.Orders, order.Sku, MessageTypes.OrderPlaced, order, ContractsJson.Default.OrderPlaced);
        }
        finally
        {
            Interlocked.Decrement(ref _inFlight);
        }
    }

    private async Task<Problem?> AnswerAsync(HttpContext context, string orderId, string sku, RecentOrder order)
    {
        var token = tokens.Issue(orderId, new(sku, Topics.OrdersVersion, order.Partition, order.Offset));
        var url = "/v1/orders/" + orderId;
        context.Response.StatusCode = StatusCodes.Status202Accepted;
        context.Response.ContentType = "application/json";
        context.Response.Headers.Location = url;
        var body = JsonSerializer.SerializeToUtf8Bytes(
            new OrderAccepted(
                orderId, "queued", url, token, order.AcceptedAt, order.Amount,
                tables.PlaceOf(order.Partition, order.Offset) ?? new(0, 0)),
            ApiJson.Default.OrderAccepted);
        context.Response.ContentLength = body.Length;
        await context.Response.Body.WriteAsync(body, context.RequestAborted);
        return null;
    }

    /// <summary>Keyed: from the log alone nobody can try contacts and passwords.</summary>
    private string BodyHash(OrderRequest request, string contact) => Contacts.Hash(
        secrets.ContactHash, "body",
        $"{request.Sku}\n{request.Quantity}\n{contact}\n{request.Channel}\n{request.Password}");
}
