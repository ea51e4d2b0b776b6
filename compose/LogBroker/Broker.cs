using System.Globalization;
using CardShop.LogBroker.Apis;
using CardShop.LogBroker.Groups;
using CardShop.LogBroker.Network;
using CardShop.LogBroker.Storage;
using Microsoft.Extensions.Logging;

namespace CardShop.LogBroker;

/// <summary>Another process uses the data directory.</summary>
internal sealed class DataDirectoryTakenException(string path)
    : Exception($"the data directory '{path}' is used by another process");

/// <summary>The whole broker: opens the data directory, listens, serves until told to stop, closes cleanly.</summary>
internal sealed class Broker : IDisposable
{
    private const int FlusherThreads = 4;

    private readonly FileStream _lock;
    private readonly Listener _listener;
    private readonly Journal _journal;
    private readonly Committer _committer;
    private readonly TopicStore _topics;
    private readonly GroupCoordinator _groups;
    private readonly ApiTable _apis;
    private readonly Maintenance _maintenance;

    public Broker(BrokerOptions options, TimeProvider clock, ILogger logger)
    {
        Directory.CreateDirectory(options.DataDirectory);
        _lock = Lock(options.DataDirectory);
        try
        {
            _listener = new Listener(options, logger);
        }
        catch
        {
            _lock.Dispose();
            throw;
        }

        var defaults = new Dictionary<string, string>
        {
            ["segment.bytes"] = options.SegmentBytes.ToString(CultureInfo.InvariantCulture),
        };
        _journal = new Journal(options.DataDirectory, options.JournalBytes, clock, logger);
        _committer = new Committer(_journal, FlusherThreads);
        var clusterId = ClusterId.ReadOrCreate(options.DataDirectory);
        var context = new LogContext(clock, _committer, logger, defaults);
        _topics = new TopicStore(options.DataDirectory, context, _journal.Replay);
        _journal.Empty();
        var offsets = new OffsetStore(OffsetsLog(), clock, logger);
        _groups = new GroupCoordinator(offsets, clock, options.GroupInitialDelay, logger);
        var (host, port) = Advertised(options.Advertised, _listener.Port);
        _apis = new ApiTable(new BrokerState(
            options, clusterId, host, port, _topics, _groups, new ProducerIds(options.DataDirectory), clock, logger));
        _maintenance = new Maintenance(_topics, options.MaintenanceEvery, logger);
        _listener.Open();
    }

    public int Port => _listener.Port;

    /// <summary>Serves until stopped; then everything is on disk and closed.</summary>
    public async Task Run(CancellationToken stopping)
    {
        var maintenance = _maintenance.Run(stopping);
        await _listener.Run(_apis, stopping);
        await maintenance;
        _groups.Dispose();
        _committer.Dispose();
        if (_topics.Close())
        {
            _journal.Empty();
        }
    }

    public void Dispose()
    {
        _listener.Dispose();
        _groups.Dispose();
        _committer.Dispose();
        _topics.Dispose();
        _journal.Dispose();
        _lock.Dispose();
    }

    private static FileStream Lock(string directory)
    {
        try
        {
            return new FileStream(
                Path.Combine(directory, ".lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException)
        {
            throw new DataDirectoryTakenException(directory);
        }
    }

    private static (string Host, int Port) Advertised(string? advertised, int port)
    {
        if (advertised is null)
        {
            return ("127.0.0.1", port);
        }

        var colon = advertised.LastIndexOf(':');
        return (advertised[..colon], int.Parse(advertised[(colon + 1)..], CultureInfo.InvariantCulture));
    }

    private PartitionLog OffsetsLog()
    {
        if (_topics.Find(Topic.OffsetsTopic, 0) is { } log)
        {
            return log;
        }

        var config = TopicConfig.Create(("cleanup.policy", "compact"), ("segment.bytes", "16777216"));
        var (error, topic) = _topics.Create(Topic.OffsetsTopic, 1, config);
        return topic?.Partition(0) ?? throw new IOException($"the offsets topic could not be created: {error}");
    }
}
