using System.Buffers;
using System.Buffers.Binary;
using System.Net;
using System.Text.Json;
using CardShop.Api.Partners;
using CardShop.Api.Payments;
using CardShop.Api.Tables;
using CardShop.Contracts;
using CardShop.Pipeline.Telemetry;
using CardShop.Shop.Orders;

namespace CardShop.Api.Orders;

/// <summary>
/// <c>POST /v1/orders</c>: checks a request against the tables in memory, writes OrderPlaced to Kafka, and answers when
/// Kafka has it. Nothing else is needed to accept an order.
/// </summary>
public sealed class PlaceOrder(
    ApiSettings settings, ShopTables tables, ShopSecrets secrets, OrderTokens tokens, InputLog log, RecentOrders recent,
    RateLimits limits, PartnerAccess partners, ChannelChoice channels, TimeProvider time)
{
    private static readonly Problem NotTaken = Problem.Unavailable(
        "Nothing was charged. Send the same request again, with the same Idempotency-Key if it had one.");

    [ThreadStatic]
    private static AnswerWriter? _answers;

    private int _inFlight;

    /// <summary>
    /// One asynchronous method with two waits, for the body and for Kafka. What lies between is plain code: at this rate
    /// every further layer that is suspended and resumed shows.
    /// </summary>
    public async Task HandleAsync(HttpContext context)
    {
        try
        {
            var problem = TurnedAway(context, out var partner);
            ReadOnlyMemory<byte> body = default;
            if (problem is null)
            {
                (body, problem) = await RequestBody.ReadJsonAsync(context, OrderRequestReader.MaxBody);
            }

            var placement = problem is null ? Check(context, partner, body.Span) : Placement.Of(problem);
            var accepted = placement.Known;
            if (placement.Order is { } order && Interlocked.Increment(ref _inFlight) <= settings.MaxOrdersInFlight)
            {
                var offset = await log.AppendAsync(
                    Topics.Orders, order.Sku, MessageTypes.OrderPlaced, order, ContractsJson.Default.OrderPlaced);
                accepted = offset is { } at ? Accepted(placement, order, at) : null;
            }

            if (placement.Order is not null)
            {
                Interlocked.Decrement(ref _inFlight);
            }

            if (accepted is { } answer)
            {
                Answer(context.Response, placement.OrderId, placement.Sku, answer);
            }
            else
            {
                await (placement.Problem ?? NotTaken).WriteAsync(context);
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

    /// <summary>Kafka has it, as an instance of this region remembers it.</summary>
    private RecentOrder Accepted(Placement placement, OrderPlaced order, long offset)
    {
        ApiMeter.OrderAccepted(order.Channel);
        var accepted = new RecentOrder(
            placement.IsKeyed ? HashOf(order.BodyHash) : default, Topics.Orders.PartitionOf(order.Sku), offset, order.AcceptedAt,
            order.Currency, order.Amount);
        if (placement.IsKeyed)
        {
            recent.Add(order.OrderId, accepted);
        }

        return accepted;
    }

    /// <summary>Why nobody's order is looked at now.</summary>
    /// <param name="partner">Whose key the request carries; null for an anonymous buyer.</param>
    private Problem? TurnedAway(HttpContext context, out Partner? partner)
    {
        partner = null;
        if (!tables.Ready)
        {
            return Problem.Unavailable("The catalog is still being read. Try again in a moment.");
        }

        if (!PartnerAccess.HasKey(context))
        {
            return limits.Allow(context.Connection.RemoteIpAddress) ? null : Problem.Of(
                StatusCodes.Status429TooManyRequests, "Too many orders from this network", "Wait a little and try again.");
        }

        (partner, var refusal) = partners.Require(context, PartnerScopes.OrdersWrite);
        return partner is null ? refusal
            : limits.AllowPartner(partner.Id) ? null
            : Problem.Of(StatusCodes.Status429TooManyRequests, "Too many orders", "Wait a little and try again.");
    }

    private Placement Check(HttpContext context, Partner? partner, ReadOnlySpan<byte> body)
    {
        var (request, unreadable) = OrderRequestReader.Parse(body);
        if (request is null)
        {
            return Placement.Of(unreadable!);
        }

        var keys = context.Request.Headers["Idempotency-Key"];
        if (keys.Count > 1 || (keys.Count == 1 && !OrderRequestReader.IsIdempotencyKey(keys[0] ?? string.Empty)))
        {
            return Placement.Of(Problem.Field(
                "Idempotency-Key", "Use one key of 16 to 255 printable ASCII characters that nobody can guess."));
        }

        if (OrderRequestReader.Check(request, channels.Names) is { } errors)
        {
            return Placement.Of(Problem.Fields(errors));
        }

        if (tables.Find(request.Sku!) is not { } product)
        {
            return Placement.Of(Problem.Of(
                StatusCodes.Status404NotFound, "There is no such product", $"No product has the sku {request.Sku}."));
        }

        return keys.Count == 0
            ? Quote(BuyerOf(context, partner), request, product, FreshId(), string.Empty, isKeyed: false)
            : Repeatable(context, partner, request, product, keys[0]!);
    }

    /// <summary>An order with an Idempotency-Key: its id follows from the key, so a repeat is known by it.</summary>
    private Placement Repeatable(
        HttpContext context, Partner? partner, OrderRequest request, Product product, string key)
    {
        var contact = Contacts.Normalise(request.Contact!);
        var orderId = OrderIds.FromIdempotencyKey(
            settings.Region, secrets.OrderId, ScopeOf(partner, contact), product.Sku, key);
        var bodyHash = BodyHash(request, contact);
        if (recent.Find(orderId) is not { } known)
        {
            return Quote(BuyerOf(context, partner), request, product, orderId, bodyHash, isKeyed: true);
        }

        return known.BodyHash == HashOf(bodyHash)
            ? new(null, orderId, product.Sku, null, known, IsKeyed: true)
            : Placement.Of(Problem.Of(
                StatusCodes.Status422UnprocessableEntity, "The Idempotency-Key was used for another order",
                "Repeat the first request unchanged, or use a new key."));
    }

    private Placement Quote(
        IPAddress? peer, OrderRequest request, Product product, string orderId, string bodyHash, bool isKeyed) =>
        Unsellable(request, product, isKeyed ? orderId : null) is { } unsellable
            ? Placement.Of(unsellable)
            : new(
                null, orderId, product.Sku,
                Build(request, product, orderId, bodyHash, peer), null, isKeyed);

    /// <summary>A partner's network is not its buyers': it says nothing about who holds how much stock.</summary>
    private static IPAddress? BuyerOf(HttpContext context, Partner? partner) =>
        partner is null ? context.Connection.RemoteIpAddress : null;

    /// <summary>
    /// A partner's keys are one scope, so that a repeat finds its order also across a change of the key. The control
    /// character keeps it apart from every contact.
    /// </summary>
    private static string ScopeOf(Partner? partner, string contact) => partner is null ? contact : "\u0001partner " + partner.Id;

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
            return refusal;
        }

        return product.Kind != ProductKind.Manual
            && tables.Available(product.Sku) is { } available && available < request.Quantity
            ? Problem.Of(
                StatusCodes.Status409Conflict, "Sold out",
                available > 0 ? $"{available} are left. Order fewer." : "None is left. More may come: look at the product again later.") with
            {
                OrderId = orderId,
                Token = token,
            }
            : null;
    }

    private OrderPlaced Build(
        OrderRequest request, Product product, string orderId, string bodyHash, IPAddress? peer)
    {
        var now = time.GetUtcNow();
        var contact = Contacts.Normalise(request.Contact!);
        var contactHash = Contacts.Hash(secrets.ContactHash, "contact", contact);
        return new(
            orderId, product.Sku, request.Quantity!.Value, product.PriceOf(request.Quantity.Value), product.AmountOf(request.Quantity.Value),
            product.Currency, product.Name, product.Hold, product.HoldSeconds, product.WaitSeconds, product.Version,
            request.Channel!, settings.Region.ToString(), now, bodyHash,
            Contacts.Encrypt(secrets, orderId, request.Contact!.Trim(), now), contactHash,
            settings.IsExempt(peer) || peer is null
                ? null
                : Contacts.Hash(secrets.ContactHash, "network", RateLimits.NetworkOf(peer)),
            request.Password is null
                ? null
                : Contacts.PasswordHash(secrets.ContactHash, contact, request.Password),
            product.Kind)
        {
            Trace = Traces.Current,
        };
    }

    /// <summary>The answer to an accepted order; small, so it is made before it is sent, and sent with its length.</summary>
    private void Answer(HttpResponse response, string orderId, string sku, RecentOrder order)
    {
        var url = "/v1/orders/" + orderId;
        var body = (_answers ??= new()).Write(
            new(
                orderId, "queued", url,
                tokens.Issue(orderId, new(sku, Topics.OrdersVersion, order.Partition, order.Offset)), order.AcceptedAt,
                new(order.Currency, order.Minor), tables.PlaceOf(order.Partition, order.Offset) ?? new(0, 0)));
        response.StatusCode = StatusCodes.Status202Accepted;
        response.ContentType = "application/json";
        response.ContentLength = body.Length;
        response.Headers.Location = url;
        response.BodyWriter.Write(body);
    }

    /// <summary>Keyed: from the log alone nobody can try contacts and passwords.</summary>
    private string BodyHash(OrderRequest request, string contact) => Contacts.Hash(
        secrets.ContactHash, "body",
        $"{request.Sku}\n{request.Quantity}\n{contact}\n{request.Channel}\n{request.Password}");

    /// <param name="text">Base64 of 16 bytes: an order with a key.</param>
    private static UInt128 HashOf(string text)
    {
        Span<byte> hash = stackalloc byte[16];
        return Convert.TryFromBase64String(text, hash, out var length) && length == hash.Length
            ? BinaryPrimitives.ReadUInt128BigEndian(hash)
            : throw new FormatException("A body's hash is not Base64 of 16 bytes.");
    }

    /// <summary>What a request comes to: a refusal, an order that is known already, or one to be written.</summary>
    private readonly record struct Placement(
        Problem? Problem, string OrderId, string Sku, OrderPlaced? Order, RecentOrder? Known, bool IsKeyed)
    {
        public static Placement Of(Problem problem) => new(problem, string.Empty, string.Empty, null, null, false);
    }

    /// <summary>A thread's own buffer and writer.</summary>
    private sealed class AnswerWriter
    {
        private readonly ArrayBufferWriter<byte> _buffer = new(1024);
        private readonly Utf8JsonWriter _json;

        public AnswerWriter() => _json = new(_buffer, new JsonWriterOptions { SkipValidation = true });

        /// <returns>The JSON, until the next call on this thread.</returns>
        public ReadOnlySpan<byte> Write(OrderAccepted answer)
        {
            _buffer.ResetWrittenCount();
            _json.Reset();
            JsonSerializer.Serialize(_json, answer, ApiJson.Default.OrderAccepted);
            return _buffer.WrittenSpan;
        }
    }
}
