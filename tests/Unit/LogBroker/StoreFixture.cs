using CardShop.LogBroker.Protocol;
using CardShop.LogBroker.Storage;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace CardShop.Tests.Unit.LogBroker;

/// <summary>Topics with a small journal, on a disk whose power can be cut.</summary>
internal sealed class StoreFixture : IDisposable
{
    public const int JournalBytes = 64 * 1024;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("store-");
    private readonly TestClock _clock = new();
    private Journal _journal = null!;
    private Committer _committer = null!;

    public StoreFixture() => Open();

    public TestDisk Disk { get; } = new();

    public TopicStore Store { get; private set; } = null!;

    public string Path => _root.FullName;

    public IReadOnlyList<string> JournalFiles =>
        [.. Directory.GetFiles(Path, "*" + JournalFile.Extension).Order(StringComparer.Ordinal)];

    /// <summary>The last use of every file; null for one that was never used.</summary>
    public IReadOnlyList<long?> Epochs =>
        [.. JournalFiles.Select(file => JournalReplay.EpochOf(File.ReadAllBytes(file)))];

    /// <summary>How many batches the last start found in the journal.</summary>
    public int Replayed { get; private set; }

    public PartitionLog Log(int partition = 0, string topic = "t") => Store.Find(topic, partition)!;

    public List<string?> Keys(int partition = 0) => LogFixture.ReadAll(Log(partition)).ConvertAll(r => r.Key);

    /// <summary>Makes the topic, and writes to it until its commits go into the journal.</summary>
    public async Task CreateJournaled(int partitions = 1, params (string Name, string Value)[] config)
    {
        Assert.Equal(ErrorCode.None, Store.Create("t", partitions, TopicConfig.Create(config)).Error);
        var deadline = Environment.TickCount64 + (long)Patience.TotalMilliseconds;
        for (var before = Disk.JournalSyncs; Disk.JournalSyncs == before;)
        {
            Assert.True(Environment.TickCount64 < deadline, "nothing went into the journal");
            await Append("first");
        }

        for (var p = 1; p < partitions; p++)
        {
            await Append("first", p);
        }
    }

    public Task<ErrorCode> Append(string key, int partition = 0) => Append(Batch.Of(1000, (key, "value")), partition);

    public async Task<ErrorCode> Append(byte[] batch, int partition = 0) =>
        await Flushed(Put(batch, partition));

    public AppendResult Put(byte[] batch, int partition = 0)
    {
        Assert.Equal(ErrorCode.None, BatchValidator.Check(batch, Log(partition).Config, out var header, out _));
        return Log(partition).Append(batch, header);
    }

    public static async Task<ErrorCode> Flushed(AppendResult result) =>
        await result.Flushed.WaitAsync(Patience, TestContext.Current.CancellationToken);

    /// <summary>Ends as a killed process does, lets the disk lose what was not synced, and starts again.</summary>
    public void CutPower(Unsynced unsynced, Action? damage = null)
    {
        Kill();
        Disk.CutPower(Path, unsynced);
        damage?.Invoke();
        Open();
    }

    public void StopAndStart()
    {
        _committer.Dispose();
        if (Store.Close())
        {
            _journal.Empty();
        }

        _journal.Dispose();
        Open();
    }

    public void Dispose()
    {
        Kill();
        _root.Delete(recursive: true);
    }

    private void Kill()
    {
        _committer.Dispose();
        Store.Dispose();
        _journal.Dispose();
    }

    private void Open()
    {
        _journal = new Journal(Path, JournalBytes, _clock, NullLogger.Instance) { Sync = Disk.Sync };
        _committer = new Committer(_journal, 2);
        Replayed = _journal.Replay.Count;
        var context = new LogContext(_clock, _committer, NullLogger.Instance, new Dictionary<string, string>())
        {
            Sync = Disk.Sync,
        };
        Store = new TopicStore(Path, context, _journal.Replay);
        _journal.Empty();
    }
}
