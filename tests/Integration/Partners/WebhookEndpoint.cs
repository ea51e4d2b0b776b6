using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using CardShop.Shop.Partners;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace CardShop.Tests.Integration.Partners;

/// <summary>A call that an endpoint took, or refused.</summary>
internal sealed record WebhookCall(string Id, string Order, string Sequence, string Signature, long Timestamp, byte[] Body, int Answer);

/// <summary>A partner's endpoint: answers as it is told, and remembers every call in the order in which they ended.</summary>
internal sealed class WebhookEndpoint : IAsyncDisposable
{
    private readonly ConcurrentQueue<WebhookCall> _calls = new();
    private readonly ConcurrentDictionary<string, bool> _handled = new();
    private WebApplication _app = null!;
    private int _number;

    public Uri Url { get; private set; } = null!;

    /// <summary>The answer to a call, by its number from 1; negative = the connection is cut.</summary>
    public Func<int, int> Answer { get; set; } = _ => 204;

    /// <summary>Calls hang until this has ended.</summary>
    public Task Until { get; set; } = Task.CompletedTask;

    public IReadOnlyList<WebhookCall> Calls => [.. _calls];

    public IReadOnlyList<WebhookCall> Taken => [.. _calls.Where(c => c.Answer is >= 200 and < 300)];

    /// <summary>The ids of the events that were taken, each once.</summary>
    public IReadOnlyCollection<string> Handled => [.. _handled.Keys];

    /// <summary>How many those are.</summary>
    public int HandledCount => _handled.Count;

    public static async Task<WebhookEndpoint> StartAsync()
    {
        var endpoint = new WebhookEndpoint();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        endpoint._app = builder.Build();
        endpoint._app.MapPost("/hook", endpoint.TakeAsync);
        await endpoint._app.StartAsync();
        endpoint.Url = new(
            endpoint._app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First() + "/hook");
        return endpoint;
    }

    /// <summary>True where the call was signed with this secret, among others.</summary>
    public static bool IsSigned(WebhookCall call, byte[] secret) =>
        call.Signature.Split(' ').Contains(WebhookSignature.Of([secret], call.Id, call.Timestamp, call.Body));

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private async Task TakeAsync(HttpContext context)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body);
        using var json = JsonDocument.Parse(body.ToArray());
        await Until;
        var answer = Answer(Interlocked.Increment(ref _number));
        _calls.Enqueue(new(
            context.Request.Headers["webhook-id"].ToString(), json.RootElement.GetProperty("subject").GetString()!,
            json.RootElement.GetProperty("sequence").GetString()!, context.Request.Headers["webhook-signature"].ToString(),
            long.Parse(context.Request.Headers["webhook-timestamp"].ToString(), CultureInfo.InvariantCulture), body.ToArray(),
            answer));
        if (answer is >= 200 and < 300)
        {
            _handled.TryAdd(context.Request.Headers["webhook-id"].ToString(), true);
        }

        if (answer < 0)
        {
            context.Abort();
            return;
        }

        context.Response.StatusCode = answer;
    }
}
