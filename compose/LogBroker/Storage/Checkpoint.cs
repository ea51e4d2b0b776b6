using System.Buffers.Binary;
using System.Globalization;
using CardShop.LogBroker.Protocol;

namespace CardShop.LogBroker.Storage;

/// <summary>
/// A point of a log below which everything is on disk, with what a start would otherwise have to scan for: the index of
/// the segment so far, and the producers. Only bytes behind the newest sound checkpoint are checked at start.
/// </summary>
internal sealed record Checkpoint(
    long NextOffset, long SegmentBase, long Position, SegmentIndex Index, ProducerStates Producers)
{
    private const string Extension = ".checkpoint";

    public static byte[] Encode(
        long nextOffset, long segmentBase, long position, SegmentIndex index, ProducerStates producers)
    {
        using var stream = new MemoryStream();
        using (var writer = new BinaryWriter(stream))
        {
            writer.Write(0u); // the checksum's place
            writer.Write(nextOffset);
            writer.Write(segmentBase);
            writer.Write(position);
            var encoded = IndexFile.Encode(index, position);
            writer.Write(encoded.Length);
            writer.Write(encoded);
            producers.Write(writer);
        }

        var bytes = stream.ToArray();
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, Crc32C.Compute(bytes.AsSpan(4)));
        return bytes;
    }

    public static Checkpoint? TryDecode(byte[] bytes)
    {
        if (bytes.Length < 4 || BinaryPrimitives.ReadUInt32LittleEndian(bytes) != Crc32C.Compute(bytes.AsSpan(4)))
        {
            return null;
        }

        using var reader = new BinaryReader(new MemoryStream(bytes, 4, bytes.Length - 4));
        var nextOffset = reader.ReadInt64();
        var segmentBase = reader.ReadInt64();
        var position = reader.ReadInt64();
        var index = IndexFile.TryDecode(reader.ReadBytes(reader.ReadInt32()), position);
        return index is null
            ? null
            : new Checkpoint(nextOffset, segmentBase, position, index, ProducerStates.Read(reader));
    }

    /// <summary>
    /// Writes a checkpoint, durably, and removes the older ones: what compaction does relies on it afterwards.
    /// </summary>
    public static void Write(string directory, long nextOffset, byte[] encoded)
    {
        var path = Path.Combine(directory, nextOffset.ToString("D20", CultureInfo.InvariantCulture) + Extension);
        AtomicFile.Write(path, encoded);
        foreach (var older in Directory.EnumerateFiles(directory, "*" + Extension).Where(file => file != path))
        {
            File.Delete(older);
        }
    }

    /// <summary>The newest checkpoint that is whole, or null.</summary>
    public static Checkpoint? Newest(string directory) =>
        Directory.EnumerateFiles(directory, "*" + Extension)
            .OrderDescending(StringComparer.Ordinal)
            .Select(file => TryDecode(File.ReadAllBytes(file)))
            .FirstOrDefault(checkpoint => checkpoint is not null);
}
