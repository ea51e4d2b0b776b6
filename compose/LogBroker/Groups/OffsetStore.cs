using CardShop.LogBroker.Protocol;
using CardShop.LogBroker.Storage;
using Microsoft.Extensions.Logging;

namespace CardShop.LogBroker.Groups;

/// <summary>
/// The committed offsets of all groups: in memory for reading, in the compacted internal topic for ever. A commit
/// shows, and is answered, only when it is on the disk.
/// </summary>
internal sealed class OffsetStore
{
    private const int ReadPiece = 1 << 20;
    private const int MaxGroups = 10_000;

    private readonly Lock _gate = new();
    private readonly Dictionary<string, Dictionary<(string Topic, int Partition), Entry>> _groups = [];
    private readonly PartitionLog _log;
    private readonly TimeProvider _clock;

    public OffsetStore(PartitionLog log, TimeProvider clock, ILogger logger)
    {
        _log = log;
        _clock = clock;
        var skipped = Load();
        if (skipped > 0)
        {
            logger.OffsetsSkipped(skipped);
        }
    }

    public IReadOnlyCollection<string> Groups
    {
        get
        {
            lock (_gate)
            {
                return [.. _groups.Keys];
            }
        }
    }

    public bool Contains(string group)
    {
        lock (_gate)
        {
            return _groups.ContainsKey(group);
        }
    }

    public CommittedOffset? Find(string group, string topic, int partition)
    {
        lock (_gate)
        {
            return _groups.TryGetValue(group, out var offsets) && offsets.TryGetValue((topic, partition), out var entry)
                ? entry.Value
                : null;
        }
    }

    public IReadOnlyList<(string Topic, int Partition, CommittedOffset Value)> All(string group)
    {
        lock (_gate)
        {
            return _groups.TryGetValue(group, out var offsets)
                ? [.. offsets.Select(o => (o.Key.Topic, o.Key.Partition, o.Value.Value))]
                : [];
        }
    }

    /// <summary>Stores positions (null deletes one); None when they are on the disk.</summary>
    public async Task<ErrorCode> Commit(
        string group, IReadOnlyList<(string Topic, int Partition, CommittedOffset? Value)> positions)
    {
        if (positions.Count == 0)
        {
            return ErrorCode.None;
        }

        if (IsOneTooMany(group))
        {
            return ErrorCode.PolicyViolation;
        }

        var builder = new RecordBatchBuilder(_clock.GetUtcNow().ToUnixTimeMilliseconds());
        foreach (var (topic, partition, value) in positions)
        {
            var key = OffsetRecords.EncodeKey(new OffsetKey(group, topic, partition));
            builder.Add(key, value is null ? null : OffsetRecords.EncodeValue(value));
        }

        var bytes = builder.Build();
        _ = RecordBatch.TryRead(bytes, out var batch);
        var appended = _log.Append(bytes, batch);
        var outcome = await appended.Flushed;
        if (outcome != ErrorCode.None)
        {
            return outcome;
        }

        lock (_gate)
        {
            for (var i = 0; i < positions.Count; i++)
            {
                var (topic, partition, value) = positions[i];
                Apply(new OffsetKey(group, topic, partition), value, appended.BaseOffset + i);
            }
        }

        return ErrorCode.None;
    }

    /// <summary>
    /// Forgets every group's positions in a topic that is gone, so that a new topic of its name starts afresh.
    /// </summary>
    public async Task ForgetTopic(string topic)
    {
        foreach (var group in Groups)
        {
            await Commit(group, [.. All(group).Where(o => o.Topic == topic)
                .Select(o => (o.Topic, o.Partition, (CommittedOffset?)null))]);
        }
    }

    private bool IsOneTooMany(string group)
    {
        lock (_gate)
        {
            return _groups.Count >= MaxGroups && !_groups.ContainsKey(group);
        }
    }

    private void Apply(OffsetKey key, CommittedOffset? value, long logOffset)
    {
        if (!_groups.TryGetValue(key.Group, out var offsets))
        {
            if (value is null)
            {
                return;
            }

            _groups[key.Group] = offsets = [];
        }

        var place = (key.Topic, key.Partition);
        if (offsets.TryGetValue(place, out var known) && known.LogOffset > logOffset)
        {
            return; // a later commit was applied first
        }

        if (value is not null)
        {
            offsets[place] = new Entry(value, logOffset);
        }
        else if (offsets.Remove(place) && offsets.Count == 0)
        {
            _groups.Remove(key.Group);
        }
    }

    private int Load()
    {
        var skipped = 0;
        var next = _log.LogStart;
        while (next < _log.HighWatermark)
        {
            using var region = _log.Read(next, ReadPiece, atLeastOneBatch: true).Region;
            if (region is null)
            {
                break;
            }

            var bytes = new byte[region.Length];
            for (var read = 0; read < bytes.Length;)
            {
                read += region.Read(read, bytes.AsSpan(read));
            }

            for (var at = 0; RecordBatch.TryRead(bytes.AsSpan(at), out var batch); at += batch.Size)
            {
                skipped += LoadBatch(bytes.AsSpan(at + RecordBatch.HeaderSize, batch.Size - RecordBatch.HeaderSize),
                    batch);
                next = batch.NextOffset;
            }
        }

        return skipped;
    }

    private int LoadBatch(ReadOnlySpan<byte> body, in RecordBatch batch)
    {
        var skipped = 0;
        var records = new RecordReader(body);
        while (records.TryNext())
        {
            var value = records.ValueLength < 0 ? null : OffsetRecords.TryDecodeValue(records.Value);
            if (OffsetRecords.TryDecodeKey(records.Key, out var key) && (value is not null || records.ValueLength < 0))
            {
                Apply(key, value, batch.BaseOffset + records.OffsetDelta);
            }
            else
            {
                skipped++;
            }
        }

        return skipped;
    }

    private sealed record Entry(CommittedOffset Value, long LogOffset);
}
