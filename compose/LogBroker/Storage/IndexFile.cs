using System.Buffers.Binary;
using CardShop.LogBroker.Protocol;

namespace CardShop.LogBroker.Storage;

/// <summary>
/// The saved index of a closed segment. It only saves time: it carries a checksum and the size of the segment it
/// belongs to, and is rebuilt from the segment whenever either does not fit.
/// </summary>
internal static class IndexFile
{
    private const int HeaderSize = 28;
    private const int EntrySize = 24;

    public static byte[] Encode(SegmentIndex index, long segmentSize)
    {
        var (entries, maxTimestamp) = index.Snapshot();
        var bytes = new byte[HeaderSize + (entries.Length * EntrySize)];
        BinaryPrimitives.WriteInt64BigEndian(bytes.AsSpan(4), segmentSize);
        BinaryPrimitives.WriteInt64BigEndian(bytes.AsSpan(12), maxTimestamp);
        BinaryPrimitives.WriteInt64BigEndian(bytes.AsSpan(20), entries.Length);
        for (var i = 0; i < entries.Length; i++)
        {
            var at = bytes.AsSpan(HeaderSize + (i * EntrySize));
            BinaryPrimitives.WriteInt64BigEndian(at, entries[i].Offset);
            BinaryPrimitives.WriteInt64BigEndian(at[8..], entries[i].Position);
            BinaryPrimitives.WriteInt64BigEndian(at[16..], entries[i].MaxTimestampBefore);
        }

        BinaryPrimitives.WriteUInt32BigEndian(bytes, Crc32C.Compute(bytes.AsSpan(4)));
        return bytes;
    }

    public static SegmentIndex? TryDecode(ReadOnlySpan<byte> bytes, long segmentSize)
    {
        if (bytes.Length < HeaderSize || BinaryPrimitives.ReadUInt32BigEndian(bytes) != Crc32C.Compute(bytes[4..])
            || BinaryPrimitives.ReadInt64BigEndian(bytes[4..]) != segmentSize
            || BinaryPrimitives.ReadInt64BigEndian(bytes[20..]) * EntrySize != bytes.Length - HeaderSize)
        {
            return null;
        }

        var entries = new IndexEntry[(bytes.Length - HeaderSize) / EntrySize];
        for (var i = 0; i < entries.Length; i++)
        {
            var at = bytes[(HeaderSize + (i * EntrySize))..];
            entries[i] = new IndexEntry(
                BinaryPrimitives.ReadInt64BigEndian(at),
                BinaryPrimitives.ReadInt64BigEndian(at[8..]),
                BinaryPrimitives.ReadInt64BigEndian(at[16..]));
        }

        return SegmentIndex.Restore(entries, BinaryPrimitives.ReadInt64BigEndian(bytes[12..]));
    }

    public static SegmentIndex? TryRead(string path, long segmentSize)
    {
        try
        {
            return File.Exists(path) ? TryDecode(File.ReadAllBytes(path), segmentSize) : null;
        }
        catch (IOException)
        {
            return null;
        }
    }
}
