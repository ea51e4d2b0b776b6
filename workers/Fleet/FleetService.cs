using CardShop.Shop.Channels;

namespace CardShop.Fleet;

/// <summary>Runs the node inside the host; when the node fails, the process ends with exit code 1.</summary>
internal sealed class FleetService : BackgroundService
{
    private readonly FleetSettings _settings;
    private readonly ILogger<FleetNode> _logger;
    private readonly IHostApplicationLifetime _lifetime;

    public FleetService(
        FleetSettings settings, IReadOnlyList<OfferedChannel> channels, ILoggerFactory logs,
        IHostApplicationLifetime lifetime)
    {
        _settings = settings;
        _logger = logs.CreateLogger<FleetNode>();
        _lifetime = lifetime;
        Node = new(settings, channels, TimeProvider.System, new Random(), logs);
    }

    public FleetNode Node { get; }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        FleetLog.Starting(_logger, _settings.Fleets.ToString());
        try
        {
            await Node.RunAsync(stoppingToken);
        }
#pragma warning disable CA1031 // The last stop: whatever it is, it is logged and the process ends.
        catch (Exception e) when (!stoppingToken.IsCancellationRequested)
#pragma warning restore CA1031
        {
            FleetLog.Failed(_logger, e, _settings.Fleets.ToString());
            Environment.ExitCode = 1;
            _lifetime.StopApplication();
        }
        finally
        {
            await Node.DisposeAsync();
        }
    }
}
