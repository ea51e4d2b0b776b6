using System.Buffers.Binary;

namespace CardShop.LogBroker.Protocol;

/// <summary>
/// The header of a record batch, format v2, read from and patched in its 61 bytes. Base offset, length and leader epoch
/// stand before the checksummed part, so a batch is placed in the log without touching what the producer signed.
/// </summary>
internal readonly record struct RecordBatch
{
    public const int HeaderSize = 61;

    /// <summary>Bytes before the part that the length field counts.</summary>
    public const int LengthOverhead = 12;

    public const byte Magic2 = 2;

    private const int ChecksummedFrom = 21;

    public long BaseOffset { get; private init; }

    /// <summary>Bytes of the whole batch, the first twelve included.</summary>
    public int Size { get; private init; }

    public sbyte Magic { get; private init; }

    public uint Crc { get; private init; }

    public short Attributes { get; private init; }

    public int LastOffsetDelta { get; private init; }

    public long BaseTimestamp { get; private init; }

    public long MaxTimestamp { get; private init; }

    public long ProducerId { get; private init; }

    public short ProducerEpoch { get; private init; }

    public int BaseSequence { get; private init; }

    public int Count { get; private init; }

    public long LastOffset => BaseOffset + LastOffsetDelta;

    public long NextOffset => BaseOffset + LastOffsetDelta + 1;

    public int Codec => Attributes & 0x07;

    public bool LogAppendTime => (Attributes & 0x08) != 0;

    public bool Transactional => (Attributes & 0x10) != 0;

    public bool Control => (Attributes & 0x20) != 0;

    /// <summary>Reads the header; false where the bytes cannot be the start of a batch of format v2.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out RecordBatch batch)
    {
        batch = default;
        if (bytes.Length < HeaderSize)
        {
            return false;
        }

        var length = BinaryPrimitives.ReadInt32BigEndian(bytes[8..]);
        if (length < HeaderSize - LengthOverhead || length > int.MaxValue - LengthOverhead)
        {
            return false;
        }

        batch = new RecordBatch
        {
            BaseOffset = BinaryPrimitives.ReadInt64BigEndian(bytes),
            Size = length + LengthOverhead,
            Magic = (sbyte)bytes[16],
            Crc = BinaryPrimitives.ReadUInt32BigEndian(bytes[17..]),
            Attributes = BinaryPrimitives.ReadInt16BigEndian(bytes[21..]),
            LastOffsetDelta = BinaryPrimitives.ReadInt32BigEndian(bytes[23..]),
            BaseTimestamp = BinaryPrimitives.ReadInt64BigEndian(bytes[27..]),
            MaxTimestamp = BinaryPrimitives.ReadInt64BigEndian(bytes[35..]),
            ProducerId = BinaryPrimitives.ReadInt64BigEndian(bytes[43..]),
            ProducerEpoch = BinaryPrimitives.ReadInt16BigEndian(bytes[51..]),
            BaseSequence = BinaryPrimitives.ReadInt32BigEndian(bytes[53..]),
            Count = BinaryPrimitives.ReadInt32BigEndian(bytes[57..]),
        };
        return batch.Magic == Magic2 && batch.LastOffsetDelta >= 0;
    }

    /// <summary>The checksum over everything behind the checksum field.</summary>
    public static uint ComputeCrc(ReadOnlySpan<byte> batch) => Crc32C.Compute(batch[ChecksummedFrom..]);

    /// <summary>
    /// Puts the batch at its place in the log: base offset and leader epoch, both outside the checksum.
    /// </summary>
    public static void Place(Span<byte> batch, long baseOffset, int leaderEpoch)
    {
        BinaryPrimitives.WriteInt64BigEndian(batch, baseOffset);
        BinaryPrimitives.WriteInt32BigEndian(batch[12..], leaderEpoch);
    }

    /// <summary>Makes the broker's clock the time of every record in the batch, and signs the batch again.</summary>
    public static void StampLogAppendTime(Span<byte> batch, long timestamp)
    {
        var attributes = (short)(BinaryPrimitives.ReadInt16BigEndian(batch[21..]) | 0x08);
        BinaryPrimitives.WriteInt16BigEndian(batch[21..], attributes);
        BinaryPrimitives.WriteInt64BigEndian(batch[35..], timestamp);
        Sign(batch);
    }

    /// <summary>Writes length and checksum of a finished batch.</summary>
    public static void Sign(Span<byte> batch)
    {
        BinaryPrimitives.WriteInt32BigEndian(batch[8..], batch.Length - LengthOverhead);
        BinaryPrimitives.WriteUInt32BigEndian(batch[17..], ComputeCrc(batch));
    }

    /// <summary>Writes the header of a batch that the broker makes itself; <see cref="Sign"/> follows.</summary>
    public static void WriteHeader(Span<byte> batch, int count, long baseTimestamp, long maxTimestamp)
    {
        batch[..HeaderSize].Clear();
        batch[16] = Magic2;
        BinaryPrimitives.WriteInt32BigEndian(batch[23..], count - 1);
        BinaryPrimitives.WriteInt64BigEndian(batch[27..], baseTimestamp);
        BinaryPrimitives.WriteInt64BigEndian(batch[35..], maxTimestamp);
        BinaryPrimitives.WriteInt64BigEndian(batch[43..], -1);
        BinaryPrimitives.WriteInt16BigEndian(batch[51..], -1);
        BinaryPrimitives.WriteInt32BigEndian(batch[53..], -1);
        BinaryPrimitives.WriteInt32BigEndian(batch[57..], count);
    }

    /// <summary>Says how many records compaction left, and the highest of their times.</summary>
    public static void WriteCount(Span<byte> batch, int count, long maxTimestamp)
    {
        BinaryPrimitives.WriteInt64BigEndian(batch[35..], maxTimestamp);
        BinaryPrimitives.WriteInt32BigEndian(batch[57..], count);
    }
}
