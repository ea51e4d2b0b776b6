using CardShop.LogBroker.Protocol;

namespace CardShop.LogBroker.Storage;

/// <summary>What the sequence check says of a batch.</summary>
internal readonly record struct SequenceVerdict(ErrorCode Error, bool Duplicate, long BaseOffset, long Timestamp);

/// <summary>
/// The idempotent producers of one partition: epoch and the last five batches of each. A batch that is there already
/// is answered with its first offset and not stored again; a gap is refused. Guarded by the partition's lock.
/// </summary>
internal sealed class ProducerStates
{
    /// <summary>As many batches as a client may have in flight.</summary>
    private const int RememberedBatches = 5;

    private const int MaxProducers = 20_000;

    private readonly Dictionary<long, Producer> _producers = [];

    public int Count => _producers.Count;

    public SequenceVerdict Check(in RecordBatch batch)
    {
        if (batch.ProducerId < 0 || !_producers.TryGetValue(batch.ProducerId, out var known))
        {
            return default; // unknown, perhaps forgotten with age: any sequence starts it, as in Kafka
        }

        if (batch.ProducerEpoch < known.Epoch)
        {
            return new SequenceVerdict(ErrorCode.InvalidProducerEpoch, false, -1, -1);
        }

        if (batch.ProducerEpoch > known.Epoch)
        {
            return batch.BaseSequence == 0
                ? default
                : new SequenceVerdict(ErrorCode.OutOfOrderSequenceNumber, false, -1, -1);
        }

        var last = LastSequenceOf(batch.BaseSequence, batch.LastOffsetDelta);
        foreach (var stored in known.Batches)
        {
            if (stored.FirstSequence == batch.BaseSequence && stored.LastSequence == last)
            {
                return new SequenceVerdict(ErrorCode.None, true, stored.BaseOffset, stored.Timestamp);
            }
        }

        return batch.BaseSequence == Following(known.LastSequence)
            ? default
            : new SequenceVerdict(ErrorCode.OutOfOrderSequenceNumber, false, -1, -1);
    }

    /// <summary>Notes a stored batch.</summary>
    public void Stored(in RecordBatch batch, long baseOffset, long timestamp, long now)
    {
        if (batch.ProducerId < 0)
        {
            return;
        }

        var producer = Producer.Of(_producers, batch.ProducerId);
        if (producer.Epoch != batch.ProducerEpoch)
        {
            producer.Epoch = batch.ProducerEpoch;
            producer.Batches.Clear();
        }

        var last = LastSequenceOf(batch.BaseSequence, batch.LastOffsetDelta);
        if (producer.Batches.Count == RememberedBatches)
        {
            producer.Batches.RemoveAt(0);
        }

        producer.Batches.Add(new StoredBatch(batch.BaseSequence, last, baseOffset, timestamp));
        producer.LastSequence = last;
        producer.LastSeen = now;
        Trim();
    }

    /// <summary>
    /// Notes a batch that could not be stored. Without it an unknown producer's next batch in flight would be taken as
    /// its first one, and the failed one could never be put before it.
    /// </summary>
    public void Failed(in RecordBatch batch, long now)
    {
        if (batch.ProducerId < 0
            || (_producers.TryGetValue(batch.ProducerId, out var known) && known.Epoch == batch.ProducerEpoch))
        {
            return;
        }

        var producer = Producer.Of(_producers, batch.ProducerId);
        producer.Epoch = batch.ProducerEpoch;
        producer.Batches.Clear();
        producer.LastSequence = Preceding(batch.BaseSequence);
        producer.LastSeen = now;
    }

    /// <summary>Forgets producers that were silent since before this time.</summary>
    public void Expire(long silentSince)
    {
        foreach (var (id, _) in _producers.Where(p => p.Value.LastSeen < silentSince).ToList())
        {
            _producers.Remove(id);
        }
    }

    public void Write(BinaryWriter writer)
    {
        writer.Write(_producers.Count);
        foreach (var (id, producer) in _producers)
        {
            writer.Write(id);
            writer.Write(producer.Epoch);
            writer.Write(producer.LastSequence);
            writer.Write(producer.LastSeen);
            writer.Write(producer.Batches.Count);
            foreach (var batch in producer.Batches)
            {
                writer.Write(batch.FirstSequence);
                writer.Write(batch.LastSequence);
                writer.Write(batch.BaseOffset);
                writer.Write(batch.Timestamp);
            }
        }
    }

    public static ProducerStates Read(BinaryReader reader)
    {
        var states = new ProducerStates();
        for (var left = reader.ReadInt32(); left > 0; left--)
        {
            var producer = Producer.Of(states._producers, reader.ReadInt64());
            producer.Epoch = reader.ReadInt16();
            producer.LastSequence = reader.ReadInt32();
            producer.LastSeen = reader.ReadInt64();
            for (var batches = reader.ReadInt32(); batches > 0; batches--)
            {
                producer.Batches.Add(new StoredBatch(
                    reader.ReadInt32(), reader.ReadInt32(), reader.ReadInt64(), reader.ReadInt64()));
            }
        }

        return states;
    }

    /// <summary>Sequences run from 0 to 2^31 - 1 and then begin again.</summary>
    internal static int LastSequenceOf(int first, int delta) => (int)(((long)first + delta) & int.MaxValue);

    private static int Following(int sequence) => sequence == int.MaxValue ? 0 : sequence + 1;

    private static int Preceding(int sequence) => sequence <= 0 ? -1 : sequence - 1;

    private void Trim()
    {
        if (_producers.Count > MaxProducers)
        {
            _producers.Remove(_producers.MinBy(p => p.Value.LastSeen).Key);
        }
    }

    private readonly record struct StoredBatch(int FirstSequence, int LastSequence, long BaseOffset, long Timestamp);

    private sealed class Producer
    {
        public short Epoch { get; set; } = -1;

        public int LastSequence { get; set; } = -1;

        public long LastSeen { get; set; }

        public List<StoredBatch> Batches { get; } = new(RememberedBatches);

        public static Producer Of(Dictionary<long, Producer> producers, long id)
        {
            if (!producers.TryGetValue(id, out var producer))
            {
                producers[id] = producer = new Producer();
            }

            return producer;
        }
    }
}
