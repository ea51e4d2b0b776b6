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
        await AppendJournaled("first");
        for (var p = 1; p < partitions; p++)
        {
            await Append("first", p);
        }
    }

    /// <summary>
    /// Appends a record again and again, until its only durable copy is in the journal: a file that is being left syncs
    /// segments meanwhile.
    /// </summary>
    public async Task AppendJournaled(string key, int partition = 0)
    {
        await Append(key, partition);
        await Until(() => IsOnlyInJournal(partition), () => Append(key, partition), "nothing is only in the journal");
    }

    /// <summary>Appends records of a kilobyte until something is so.</summary>
    public Task Fill(int partition, Func<bool> so, string otherwise)
    {
        var value = new string('x', 1000);
        return Until(
            so,
            async () => Assert.Equal(ErrorCode.None, await Append(Batch.Of(1, ("k", value)), partition)),
            otherwise);
    }

    /// <summary>Repeats a step until something is so, but not for ever.</summary>
    public static async Task Until(Func<bool> so, Func<Task> step, string otherwise)
    {
        var deadline = Environment.TickCount64 + (long)Patience.TotalMilliseconds;
        while (!so())
        {
            Assert.True(Environment.TickCount64 < deadline, otherwise);
            await step();
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

    private bool IsOnlyInJournal(int partition)
    {
        var replay = new JournalReplay();
        foreach (var file in JournalFiles.Select(File.ReadAllBytes))
        {
            replay.Add(file);
        }

        var log = Log(partition);
        var segment = Directory.GetFiles(log.Directory, "*.log").Order(StringComparer.Ordinal).Last();
        return replay.For(log.Id).Any(batch => batch.Header.NextOffset == log.HighWatermark)
            && Disk.Durable(segment) < new FileInfo(segment).Length;
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
