using System.Text.Json.Serialization;
using CardShop.Fleet;
using CardShop.Pipeline.Log;
using CardShop.Telemetry;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace CardShop.Tests.Bench.Pipeline;

/// <summary>
/// The hidden command <c>fleet</c>: all fleets in a process of their own, with <see cref="InstantChannel"/>, started and
/// stopped from outside, so that a compiled and warm process can be given a full queue.
/// <c>POST /start</c>, <c>POST /stop</c>, <c>GET /state</c>.
/// </summary>
internal static class FleetProcess
{
    public static async Task RunAsync(string[] args, CancellationToken cancellation)
    {
        var builder = WebApplication.CreateSlimBuilder(HouseOptions.Of(args));
        builder.Logging.ClearProviders();
        builder.Logging.AddSimpleConsole(o =>
        {
            o.SingleLine = true;
            o.UseUtcTimestamp = true;
            o.TimestampFormat = "yyyy-MM-ddTHH:mm:ss.fffZ ";
        });
        builder.Logging.AddFilter("Microsoft", LogLevel.Warning);
        builder.Services.ConfigureHttpJsonOptions(o => o.SerializerOptions.TypeInfoResolverChain.Insert(0, FleetJson.Default));
        var app = builder.Build();
        await using var log = new KafkaLog(
            FleetSettings.From(app.Configuration).Kafka with { ClientId = "instant-channel" }, TimeProvider.System,
            app.Services.GetRequiredService<ILogger<KafkaLog>>());
        var channel = new InstantChannel(log, TimeProvider.System);
        await using var host = new FleetHost(
            () => new(
                FleetSettings.From(app.Configuration), [new(channel, ["default"])], TimeProvider.System, new Random(),
                app.Services.GetRequiredService<ILoggerFactory>()));
        app.MapGet("/healthz/ready", () => "ok");
        app.MapPost("/start", host.Start);
        app.MapPost("/stop", host.StopAsync);
        app.MapGet("/state", () => TypedResults.Ok(new FleetState(host.Fault, channel.Paid, channel.Failed)));
        await HostingAbstractionsHostExtensions.RunAsync(app, cancellation);
    }

    /// <summary>At most one node at a time.</summary>
    private sealed class FleetHost(Func<FleetNode> create) : IAsyncDisposable
    {
        private FleetNode? _node;
        private CancellationTokenSource _stop = new();
        private Task _running = Task.CompletedTask;

        /// <summary>Why the node ended by itself; null while it has not.</summary>
        public string? Fault => _running.Exception?.GetBaseException().ToString();

        public void Start()
        {
            _stop = new();
            _node = create();
            _running = _node.RunAsync(_stop.Token);
        }

        public async Task StopAsync()
        {
            if (_node is { } node)
            {
                _node = null;
                await _stop.CancelAsync();
                await Task.WhenAny(_running);
                await node.DisposeAsync();
                _stop.Dispose();
            }
        }

        public async ValueTask DisposeAsync() => await StopAsync();
    }
}

/// <param name="Fault">Why the fleets ended by themselves.</param>
internal sealed record FleetState(string? Fault, long Paid, long Failed);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(FleetState))]
internal sealed partial class FleetJson : JsonSerializerContext;
