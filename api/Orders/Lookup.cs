using System.Text.Json;
using CardShop.Contracts;
using CardShop.Shop.Orders;

namespace CardShop.Api.Orders;

/// <summary>How a buyer without a token asks for orders.</summary>
/// <param name="Contact">As it was said when the order was placed.</param>
/// <param name="Password">The query password of the order.</param>
public sealed record LookupRequest(string? Contact, string? Password);

/// <param name="Orders">The newest first, at most twenty.</param>
public sealed record LookupResult(IReadOnlyList<FoundOrder> Orders);

/// <param name="Token">Proves the order from now on, as the token of its acceptance does.</param>
public sealed record FoundOrder(
    string OrderId, string Sku, int Quantity, MoneyView Amount, DateTimeOffset AcceptedAt, string StatusUrl, string Token);

/// <summary>
/// <c>POST /v1/lookup</c>: the tokens of the orders of a contact and query password. The database is asked for one keyed hash
/// of both, whatever there is: an unknown contact and a wrong password are the same miss of the same index, with the same
/// answer. Tries are throttled per network and per contact, found or not.
/// </summary>
public sealed class Lookup(ApiSettings settings, ShopSecrets secrets, OrderTokens tokens, OrderReader? reader, TimeProvider time)
{
    private const int MaxOrders = 20;
    private const int MaxInFlight = 64;

    private static readonly Problem NoOrder = Problem.Of(
        StatusCodes.Status404NotFound, "No order was found",
        "Check contact and password. Orders that were placed without a password are reached by their token alone.");

    private static readonly Problem TooMany = Problem.Of(
        StatusCodes.Status429TooManyRequests, "Too many tries", "Wait some minutes and try again.");

    private static readonly Problem Away = Problem.Of(
        StatusCodes.Status503ServiceUnavailable, "Orders cannot be looked up at this moment", "Try again in a moment.");

    private readonly Throttle _networks = new(settings.LookupsPerNetwork, time);
    private readonly Throttle _contacts = new(settings.LookupsPerContact, time);
    private int _inFlight;

    public async Task HandleAsync(HttpContext context)
    {
        var (request, problem) = await ReadAsync(context);
        if (request is null)
        {
            await problem!.WriteAsync(context);
            return;
        }

        var contact = Contacts.Normalise(request.Contact!);
        if (!Allow(context, contact))
        {
            await TooMany.WriteAsync(context);
            return;
        }

        var (found, away) = await FindAsync(
            Contacts.PasswordHash(secrets.ContactHash, contact, request.Password!), context.RequestAborted);
        if (found is not { Count: > 0 })
        {
            await (away ? Away : NoOrder).WriteAsync(context);
            return;
        }

        context.Response.ContentType = "application/json";
        context.Response.Headers.CacheControl = "no-store";
        await JsonSerializer.SerializeAsync(
            context.Response.Body, new([.. found.Select(View)]), ApiJson.Default.LookupResult, context.RequestAborted);
    }

    private static async Task<(LookupRequest? Request, Problem? Problem)> ReadAsync(HttpContext context)
    {
        var (body, unreadable) = await RequestBody.ReadJsonAsync(context, OrderRequestReader.MaxBody);
        return unreadable is null ? OrderRequestReader.ParseLookup(body.Span) : (null, unreadable);
    }

    /// <summary>What a network may not try any more takes nothing from the contact that it is about.</summary>
    private bool Allow(HttpContext context, string contact)
    {
        var peer = context.Connection.RemoteIpAddress;
        return (peer is null || settings.IsExempt(peer) || _networks.Allow(RateLimits.NetworkOf(peer)))
            && _contacts.Allow(Contacts.Hash(secrets.ContactHash, "contact", contact));
    }

    private async Task<(IReadOnlyList<OrderPlaced>? Orders, bool Away)> FindAsync(string hash, CancellationToken cancellation)
    {
        if (reader is null)
        {
            return (null, true);
        }

        try
        {
            return Interlocked.Increment(ref _inFlight) > MaxInFlight
                ? (null, true)
                : (await reader.FindAsync(hash, MaxOrders, cancellation), false);
        }
        catch (Exception e) when (Pipeline.Failures.IsPlace(e) && !cancellation.IsCancellationRequested)
        {
            return (null, true);
        }
        finally
        {
            Interlocked.Decrement(ref _inFlight);
        }
    }

    /// <summary>The token says nothing about a place in the queue: what is found has been processed.</summary>
    private FoundOrder View(OrderPlaced order) => new(
        order.OrderId, order.Sku, order.Quantity, new(order.Currency, order.Amount), order.AcceptedAt,
        "/v1/orders/" + order.OrderId,
        tokens.Issue(order.OrderId, new(order.Sku, Topics.OrdersVersion, Topics.Orders.PartitionOf(order.Sku), -1)));
}
