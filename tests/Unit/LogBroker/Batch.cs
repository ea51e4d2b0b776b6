using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using CardShop.LogBroker.Protocol;
using CardShop.LogBroker.Storage;
using Xunit;

namespace CardShop.Tests.Unit.LogBroker;

internal sealed record StoredRecord(long Offset, string? Key, string? Value, long Timestamp);

/// <summary>Batches as a producer sends them.</summary>
internal static class Batch
{
    public static byte[] Of(long timestamp, params (string Key, string? Value)[] records)
    {
        var builder = new RecordBatchBuilder(timestamp);
        foreach (var (key, value) in records)
        {
            builder.Add(Encoding.UTF8.GetBytes(key), value is null ? null : Encoding.UTF8.GetBytes(value));
        }

        return builder.Build();
    }

    /// <summary>A batch of an idempotent producer.</summary>
    public static byte[] Sequenced(long producer, short epoch, int sequence, int count = 1)
    {
        var batch = Of(1000, [.. Enumerable.Range(sequence, count).Select(i => ($"k{i}", (string?)$"v{i}"))]);
        BinaryPrimitives.WriteInt64BigEndian(batch.AsSpan(43), producer);
        BinaryPrimitives.WriteInt16BigEndian(batch.AsSpan(51), epoch);
        BinaryPrimitives.WriteInt32BigEndian(batch.AsSpan(53), sequence);
        RecordBatch.Sign(batch);
        return batch;
    }

    public static byte[] Gzipped(byte[] plain)
    {
        using var packed = new MemoryStream();
        packed.Write(plain, 0, RecordBatch.HeaderSize);
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
        {
            gzip.Write(plain.AsSpan(RecordBatch.HeaderSize));
        }

        var batch = packed.ToArray();
        batch[22] |= 1;
        RecordBatch.Sign(batch);
        return batch;
    }

    /// <summary>Changes a batch and signs it again, so that only the change itself can be found wrong.</summary>
    public static byte[] With(byte[] batch, Action<byte[]> change)
    {
        change(batch);
        RecordBatch.Sign(batch);
        return batch;
    }

    public static List<StoredRecord> Records(byte[] bytes, in RecordBatch batch)
    {
        var body = BatchBody.TryOpen(bytes, batch);
        Assert.NotNull(body);
        var found = new List<StoredRecord>();
        var records = new RecordReader(body.Value.Span);
        while (records.TryNext())
        {
            found.Add(new StoredRecord(
                batch.BaseOffset + records.OffsetDelta,
                records.KeyLength < 0 ? null : Encoding.UTF8.GetString(records.Key),
                records.ValueLength < 0 ? null : Encoding.UTF8.GetString(records.Value),
                batch.BaseTimestamp + records.TimestampDelta));
        }

        Assert.Equal(batch.Count, found.Count);
        return found;
    }
}
