using System.Buffers;

namespace CardShop.LogBroker.Protocol;

/// <summary>Builds an uncompressed batch of the broker's own records (committed offsets).</summary>
internal sealed class RecordBatchBuilder(long timestamp)
{
    private readonly ArrayBufferWriter<byte> _records = new(256);
    private int _count;

    /// <summary>Adds a record; a null value is a tombstone.</summary>
    public void Add(ReadOnlySpan<byte> key, byte[]? value)
    {
        var valueLength = value?.Length ?? -1;
        var size = 1 + VarintSize(0) + VarintSize(_count) + VarintSize(key.Length) + key.Length
            + VarintSize(valueLength) + Math.Max(0, valueLength) + VarintSize(0);
        Varint(size);
        _records.Write([(byte)0]);
        Varint(0);
        Varint(_count++);
        Varint(key.Length);
        _records.Write(key);
        Varint(valueLength);
        _records.Write(value);
        Varint(0);
    }

    public byte[] Build()
    {
        var batch = new byte[RecordBatch.HeaderSize + _records.WrittenCount];
        RecordBatch.WriteHeader(batch, _count, timestamp, timestamp);
        _records.WrittenSpan.CopyTo(batch.AsSpan(RecordBatch.HeaderSize));
        RecordBatch.Sign(batch);
        return batch;
    }

    private static uint ZigZag(int value) => (uint)((value << 1) ^ (value >> 31));

    private static int VarintSize(int value)
    {
        var size = 1;
        for (var raw = ZigZag(value); raw >= 0x80; raw >>= 7)
        {
            size++;
        }

        return size;
    }

    private void Varint(int value)
    {
        var raw = ZigZag(value);
        while (raw >= 0x80)
        {
            _records.Write([(byte)((raw & 0x7f) | 0x80)]);
            raw >>= 7;
        }

        _records.Write([(byte)raw]);
    }
}
