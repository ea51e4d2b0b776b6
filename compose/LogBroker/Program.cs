using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using CardShop.LogBroker;
using CardShop.Telemetry;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;

const int Unusable = 1;
const int PortTaken = 3;
const int DataDirectoryTaken = 4;

var port = new Option<int>("--port")
{
    DefaultValueFactory = _ => 9092,
    Description = "port on 127.0.0.1; 0 takes a free one",
};
var data = new Option<string>("--data") { Required = true, Description = "data directory; made where missing" };
var advertised =
    new Option<string?>("--advertised") { Description = "host:port told to clients (default 127.0.0.1:port)" };
var segmentBytes = new Option<long>("--segment-bytes")
{
    DefaultValueFactory = _ => 256L * 1024 * 1024,
    Description = "size of a log segment file",
};
var journalBytes = new Option<long>("--journal-bytes")
{
    DefaultValueFactory = _ => 16L * 1024 * 1024,
    Description = "size of each of the journal's two files; 0: no journal",
};
var maxRequest = new Option<int>("--max-request-bytes")
{
    DefaultValueFactory = _ => 100 * 1024 * 1024,
    Description = "largest request taken",
};
var maxInFlight = new Option<long>("--max-in-flight-bytes")
{
    DefaultValueFactory = _ => 256L * 1024 * 1024,
    Description = "memory for requests of all connections together",
};
var maxConnections = new Option<int>("--max-connections")
{
    DefaultValueFactory = _ => 1000,
    Description = "connections open at once",
};
var autoCreate = new Option<bool>("--auto-create-topics") { Description = "make a topic when a client first names it" };
var partitions = new Option<int>("--default-partitions")
{
    DefaultValueFactory = _ => 1,
    Description = "partitions of a topic created without a number",
};
var maintenance = new Option<double>("--maintenance-seconds")
{
    DefaultValueFactory = _ => 15,
    Description = "time between rounds of retention and compaction",
};
var metricsPort = new Option<int?>("--metrics-port")
{
    Description = "port on 127.0.0.1 for /metrics and /healthz; 0 takes a free one, none without it",
};
var verbose = new Option<bool>("--verbose") { Description = "log what happens to groups and segments too" };

advertised.Validators.Add(result =>
{
    var value = result.GetValueOrDefault<string?>();
    var colon = value?.LastIndexOf(':') ?? -1;
    if (value is not null
        && (colon < 1
            || !ushort.TryParse(value.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out _)))
    {
        result.AddError("--advertised takes host:port");
    }
});

port.Validators.Add(result => Demand(result, result.GetValueOrDefault<int>() is >= 0 and <= 65535));
segmentBytes.Validators.Add(result => Demand(result, result.GetValueOrDefault<long>() is >= 4096 and <= 1L << 30));
journalBytes.Validators.Add(result => Demand(result, result.GetValueOrDefault<long>() is 0 or (>= 65536 and <= 1L << 30)));
maxRequest.Validators.Add(result => Demand(result, result.GetValueOrDefault<int>() >= 64 * 1024));
maxInFlight.Validators.Add(result => Demand(result, result.GetValueOrDefault<long>() > 0));
maxConnections.Validators.Add(result => Demand(result, result.GetValueOrDefault<int>() > 0));
partitions.Validators.Add(result => Demand(result, result.GetValueOrDefault<int>() is > 0 and <= 1000));
metricsPort.Validators.Add(result => Demand(result, result.GetValueOrDefault<int?>() is null or (>= 0 and <= 65535)));
maintenance.Validators.Add(result => Demand(result, result.GetValueOrDefault<double>() is > 0.01 and < 86_400));

var root = new RootCommand("A single-node log broker that speaks the Kafka protocol, on loopback, durable by fsync.")
{
    port, data, advertised, segmentBytes, journalBytes, maxRequest, maxInFlight, maxConnections, autoCreate, partitions,
    maintenance, metricsPort, verbose,
};
root.SetAction(parsed => Run(
    new BrokerOptions
    {
        DataDirectory = Path.GetFullPath(parsed.GetRequiredValue(data)),
        Port = parsed.GetValue(port),
        Advertised = parsed.GetValue(advertised),
        SegmentBytes = parsed.GetValue(segmentBytes),
        JournalBytes = parsed.GetValue(journalBytes),
        MaxRequestBytes = parsed.GetValue(maxRequest),
        MaxInFlightBytes = parsed.GetValue(maxInFlight),
        MaxConnections = parsed.GetValue(maxConnections),
        AutoCreateTopics = parsed.GetValue(autoCreate),
        DefaultPartitions = parsed.GetValue(partitions),
        MaintenanceEvery = TimeSpan.FromSeconds(parsed.GetValue(maintenance)),
    },
    parsed.GetValue(metricsPort), parsed.GetValue(verbose) ? LogLevel.Debug : LogLevel.Information));
return await root.Parse(args).InvokeAsync(
    new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null });

static void Demand(OptionResult result, bool holds)
{
    if (!holds)
    {
        result.AddError($"{result.Option.Name} is out of range");
    }
}

static async Task<int> Run(BrokerOptions options, int? metricsPort, LogLevel level)
{
    var settings = new ConfigurationBuilder().AddEnvironmentVariables().Build();
    using var logs = LoggerFactory.Create(builder =>
    {
        builder.SetMinimumLevel(level).AddHouseFormat(settings);
        builder.AddConsole(console => console.LogToStandardErrorThreshold = LogLevel.Trace);
    });
    using var stopping = new CancellationTokenSource();
    using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
    using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
    try
    {
        using var broker = new Broker(options, TimeProvider.System, logs.CreateLogger("logbroker"));
        await using var metrics = metricsPort is { } port
            ? await MetricsListener.StartAsync(
                port, TelemetrySettings.From(settings, "cardshop-logbroker") with
                {
                    Directories = new Dictionary<string, string> { ["logbroker"] = options.DataDirectory },
                },
                () => null, stopping.Token)
            : null;
        await Console.Out.WriteLineAsync($"logbroker ready on 127.0.0.1:{broker.Port}");
        await broker.Run(stopping.Token);
        return 0;
    }
    catch (SocketException taken) when (taken.SocketErrorCode == SocketError.AddressAlreadyInUse)
    {
        await Console.Error.WriteLineAsync($"logbroker: port {options.Port} on 127.0.0.1 is taken");
        return PortTaken;
    }
    catch (DataDirectoryTakenException taken)
    {
        await Console.Error.WriteLineAsync($"logbroker: {taken.Message}");
        return DataDirectoryTaken;
    }

    catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or InvalidDataException)
    {
        await Console.Error.WriteLineAsync($"logbroker: {failure.Message}");
        return Unusable;
    }

    void Stop(PosixSignalContext signal)
    {
        signal.Cancel = true;
        stopping.Cancel();
    }
}
