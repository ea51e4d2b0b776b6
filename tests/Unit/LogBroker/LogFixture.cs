using CardShop.LogBroker.Protocol;
using CardShop.LogBroker.Storage;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace CardShop.Tests.Unit.LogBroker;

/// <summary>A clock that the test moves.</summary>
internal sealed class TestClock : TimeProvider
{
    private DateTimeOffset _now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public override DateTimeOffset GetUtcNow() => _now;

    public long Milliseconds => _now.ToUnixTimeMilliseconds();

    public void Advance(TimeSpan by) => _now += by;
}

/// <summary>
/// One partition in a directory of its own that can be closed, torn and opened again. It has no journal, which would
/// repair what tests tear.
/// </summary>
internal sealed class LogFixture : IDisposable
{
    private readonly DirectoryInfo _root = System.IO.Directory.CreateTempSubdirectory("partition-");
    private readonly Journal _journal;
    private readonly Committer _committer;

    public LogFixture(params (string Name, string Value)[] config)
    {
        _journal = new Journal(_root.FullName, 0, Clock, NullLogger.Instance);
        _committer = new Committer(_journal, 1);
        Config = TopicConfig.Create(config);
        Log = Open();
    }

    public TestClock Clock { get; } = new();

    /// <summary>While set, the disk reports an error at every sync.</summary>
    public bool DiskFails { get; set; }

    public TopicConfig Config { get; }

    public PartitionLog Log { get; private set; }

    public string Directory => Path.Combine(_root.FullName, "t-0");

    public IReadOnlyList<string> Segments =>
        [.. System.IO.Directory.GetFiles(Directory, "*.log").Order(StringComparer.Ordinal)];

    public void Reopen()
    {
        Log.Close();
        Log = Open();
    }

    /// <summary>Closes as a killed process does: nothing is written any more.</summary>
    public void ReopenAfterKill(Action? damage = null)
    {
        Log.Dispose();
        damage?.Invoke();
        Log = Open();
    }

    public async Task<AppendResult> Append(byte[] batch)
    {
        var error = BatchValidator.Check(batch, Log.Config, out var header, out var message);
        if (error != ErrorCode.None)
        {
            return AppendResult.Refused(error, message);
        }

        var result = Log.Append(batch, header);
        await result.Flushed.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        return result;
    }

    public async Task<AppendResult> AppendRecord(string key, string? value) =>
        await Append(Batch.Of(Clock.Milliseconds, (key, value)));

    /// <summary>Every record that can be read, from the log's start.</summary>
    public List<StoredRecord> ReadAll() => ReadAll(Log);

    public static List<StoredRecord> ReadAll(PartitionLog log)
    {
        var records = new List<StoredRecord>();
        var next = log.LogStart;
        while (next < log.HighWatermark)
        {
            using var region = log.Read(next, 1 << 20, atLeastOneBatch: true).Region;
            if (region is null)
            {
                break;
            }

            Assert.True(region.Length > 0, "a read came to nothing");
            var bytes = new byte[region.Length];
            for (var read = 0; read < bytes.Length;)
            {
                read += region.Read(read, bytes.AsSpan(read));
            }

            for (var at = 0; at < bytes.Length;)
            {
                Assert.True(RecordBatch.TryRead(bytes.AsSpan(at), out var batch));
                var one = bytes[at..(at + batch.Size)];
                Assert.Equal(batch.Crc, RecordBatch.ComputeCrc(one));
                records.AddRange(Batch.Records(one, batch).Where(r => r.Offset >= next));
                at += batch.Size;
                next = batch.NextOffset;
            }
        }

        return records;
    }

    public void Dispose()
    {
        Log.Dispose();
        _committer.Dispose();
        _journal.Dispose();
        _root.Delete(recursive: true);
    }

    private PartitionLog Open() => new(
        default,
        Directory,
        Config,
        new LogContext(Clock, _committer, NullLogger.Instance, new Dictionary<string, string>()) { Sync = Sync },
        []);

    private void Sync(Segment segment)
    {
        if (DiskFails)
        {
            throw new IOException("the disk reports an error");
        }

        segment.Sync();
    }
}
