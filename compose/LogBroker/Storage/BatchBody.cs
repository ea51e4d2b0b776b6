using System.IO.Compression;
using CardShop.LogBroker.Protocol;

namespace CardShop.LogBroker.Storage;

/// <summary>Opens the records of a stored batch: uncompressed, or gzip, the one codec that the framework has.</summary>
internal static class BatchBody
{
    /// <summary>No more than this is unpacked: a small batch can claim to be a very large one.</summary>
    private const int MaxUnpacked = 64 * 1024 * 1024;

    public static ReadOnlyMemory<byte>? TryOpen(byte[] bytes, in RecordBatch batch) => batch.Codec switch
    {
        0 => bytes.AsMemory(RecordBatch.HeaderSize, batch.Size - RecordBatch.HeaderSize),
        1 => Unzip(bytes, batch.Size),
        _ => null,
    };

    /// <summary>The same batch with fewer records. Base offset and last offset stay: offsets never move.</summary>
    public static byte[] Rebuild(byte[] original, in RecordBatch batch, byte[] records, int count, long maxTimestamp)
    {
        var body = batch.Codec == 1 ? Zip(records) : records;
        var rebuilt = new byte[RecordBatch.HeaderSize + body.Length];
        original.AsSpan(0, RecordBatch.HeaderSize).CopyTo(rebuilt);
        body.CopyTo(rebuilt, RecordBatch.HeaderSize);
        RecordBatch.WriteCount(rebuilt, count, maxTimestamp);
        RecordBatch.Sign(rebuilt);
        return rebuilt;
    }

    private static byte[] Zip(byte[] records)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Optimal))
        {
            gzip.Write(records);
        }

        return packed.ToArray();
    }

    private static ReadOnlyMemory<byte>? Unzip(byte[] bytes, int size)
    {
        try
        {
            using var packed = new MemoryStream(bytes, RecordBatch.HeaderSize, size - RecordBatch.HeaderSize);
            using var gzip = new GZipStream(packed, CompressionMode.Decompress);
            using var unpacked = new MemoryStream();
            var piece = new byte[16 * 1024];
            for (var read = gzip.Read(piece); read > 0; read = gzip.Read(piece))
            {
                unpacked.Write(piece, 0, read);
                if (unpacked.Length > MaxUnpacked)
                {
                    return null;
                }
            }

            return unpacked.GetBuffer().AsMemory(0, (int)unpacked.Length);
        }
        catch (InvalidDataException)
        {
            return null;
        }
    }
}
