using CardShop.Fleet;
using CardShop.Fleet.Mirror;
using CardShop.Shop.Channels;
using CardShop.Telemetry;

if (HealthProbe.AddressOf(args) is { } address)
{
    return await HealthProbe.AskAsync(address);
}

var builder = WebApplication.CreateSlimBuilder(HouseOptions.Of(args));
builder.Logging.AddFilter("Microsoft", LogLevel.Warning);

if (builder.Configuration["fleet"] == MirrorSettings.Role)
{
    return await MirrorProgram.RunAsync(builder);
}

FleetSettings settings;
IReadOnlyList<OfferedChannel> channels = [];
try
{
    settings = FleetSettings.From(builder.Configuration);
    builder.AddTelemetry(settings.Kafka.ClientId);
    if (string.IsNullOrEmpty(builder.Configuration["urls"]))
    {
        builder.WebHost.UseUrls(TelemetrySettings.UrlOf(builder.Configuration) ?? "http://127.0.0.1:0");
    }

    if (settings.Fleets.HasFlag(Fleets.Payments))
    {
        channels = PaymentChannels.Open(
            builder.Configuration.GetSection(PaymentChannelOptions.Section).Get<PaymentChannelOptions>() ?? new(),
            ChannelUse.Call, TimeProvider.System);
    }
}
catch (Exception e) when (e is InvalidOperationException or ChannelSettingsException)
{
    await Console.Error.WriteLineAsync(e.Message);
    return 2;
}

builder.Services.AddHostedService(services => new FleetService(
    settings, channels, services.GetRequiredService<ILoggerFactory>(),
    services.GetRequiredService<IHostApplicationLifetime>()));
builder.Services.AddSingleton(services => services.GetServices<IHostedService>().OfType<FleetService>().Single());
var app = builder.Build();
app.MapMetrics();
app.MapGet("/healthz/live", () => "ok");
app.MapGet("/healthz/ready", (FleetService fleet) =>
    fleet.Node.Waiting is { } reason ? Results.Text(reason, statusCode: 503) : Results.Text("ok"));
await app.RunAsync();
return Environment.ExitCode;
