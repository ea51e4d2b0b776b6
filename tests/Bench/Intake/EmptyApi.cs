using System.Text.Json.Serialization;
using CardShop.Telemetry;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace CardShop.Tests.Bench.Intake;

/// <summary>
/// The hidden command <c>empty</c>: the raw limit of intake. A Minimal API endpoint that parses the same body with
/// source-generated JSON and answers 202 with a small one; nothing is checked and nothing is kept. And of open pages: an
/// event stream that sends one event and stays open.
/// </summary>
internal static class EmptyApi
{
    public static async Task RunAsync(string[] args, CancellationToken cancellation)
    {
        var builder = WebApplication.CreateSlimBuilder(HouseOptions.Of(args));
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(o => o.AddServerHeader = false);
        builder.Services.ConfigureHttpJsonOptions(o => o.SerializerOptions.TypeInfoResolverChain.Insert(0, EmptyJson.Default));
        var app = builder.Build();
        app.MapGet("/healthz/ready", () => "ok");
        app.MapPost("/v1/orders", (EmptyOrder order) => TypedResults.Accepted("/v1/orders/1", new EmptyAnswer("1", order.Sku, "queued")));
        app.MapGet("/v1/orders/1/events", HoldAsync);
        await HostingAbstractionsHostExtensions.RunAsync(app, cancellation);
    }

    private static async Task HoldAsync(HttpContext context)
    {
        context.Response.ContentType = "text/event-stream";
        try
        {
            await context.Response.WriteAsync("event: order\ndata: {}\n\n", context.RequestAborted);
            await context.Response.Body.FlushAsync(context.RequestAborted);
            await Task.Delay(Timeout.Infinite, context.RequestAborted);
        }
        catch (OperationCanceledException)
        {
            // The page is closed.
        }
    }
}

internal sealed record EmptyOrder(string? Sku, int? Quantity, string? Contact, string? Channel, string? Password);

internal sealed record EmptyAnswer(string OrderId, string? Sku, string Status);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(EmptyOrder))]
[JsonSerializable(typeof(EmptyAnswer))]
[JsonSerializable(typeof(string))]
internal sealed partial class EmptyJson : JsonSerializerContext;
