using CardShop.LogBroker.Storage;

namespace CardShop.Tests.Unit.LogBroker;

/// <summary>What a power loss makes of the bytes that were written to a file and not synced.</summary>
public enum Unsynced
{
    /// <summary>The file ends where its last sync found its end.</summary>
    Missing,

    /// <summary>The file has its length, and zeros in the place of the bytes.</summary>
    Zero,

    /// <summary>The kernel had written them by itself.</summary>
    Kept,
}

/// <summary>A disk that knows what was synced, and can fail. It does not really sync, which takes milliseconds.</summary>
internal sealed class TestDisk
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, long> _durable = [];

    /// <summary>The segments, by path, whose syncs end with an error.</summary>
    public Func<string, bool> SegmentFails { get; set; } = _ => false;

    /// <summary>While set, every sync of the journal ends with an error.</summary>
    public bool JournalFails { get; set; }

    public int SegmentSyncs { get; private set; }

    public int JournalSyncs { get; private set; }

    public void Sync(Segment segment)
    {
        Demand(!SegmentFails(segment.Path));
        lock (_gate)
        {
            SegmentSyncs++;
            _durable[segment.Path] = RandomAccess.GetLength(segment.File);
        }
    }

    public void Sync(JournalFile file)
    {
        Demand(!JournalFails);
        lock (_gate)
        {
            _durable[file.Path] = file.Position;
            JournalSyncs++;
        }
    }

    /// <summary>How much of a segment is surely on the disk.</summary>
    public long Durable(string segment)
    {
        lock (_gate)
        {
            return _durable.GetValueOrDefault(segment);
        }
    }

    /// <summary>Takes from the segments below this directory what was not synced.</summary>
    public void CutPower(string directory, Unsynced unsynced)
    {
        foreach (var path in Directory.GetFiles(directory, "*.log", SearchOption.AllDirectories))
        {
            using var file = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite);
            var (durable, length) = (Durable(path), RandomAccess.GetLength(file));
            if (unsynced != Unsynced.Kept && length > durable)
            {
                RandomAccess.SetLength(file, durable);
            }

            if (unsynced == Unsynced.Zero)
            {
                RandomAccess.SetLength(file, length);
            }
        }
    }

    private static void Demand(bool holds)
    {
        if (!holds)
        {
            throw new IOException("the disk reports an error");
        }
    }
}
