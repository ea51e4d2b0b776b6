using System.Buffers.Binary;
using CardShop.LogBroker.Protocol;

namespace CardShop.LogBroker.Storage;

/// <summary>A partition for good: a topic that is deleted and made again under the same name has another id.</summary>
internal readonly record struct PartitionId(Guid Topic, int Partition);

/// <summary>
/// One entry of a journal file: a header of 40 bytes (checksum over all that follows, format, length, partition, epoch
/// of the file's use, topic id; little endian) and then record batches of one partition as they stand in its segment.
/// An entry without batches says only in which epoch the file was last used.
/// </summary>
internal static class JournalEntry
{
    public const int HeaderSize = 40;

    private const uint Format = 0x314A_4C43; // CLJ1

    /// <summary>Writes the header in front of the batches that stand behind its place.</summary>
    public static void Seal(Span<byte> entry, long epoch, PartitionId partition)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(entry[4..], Format);
        BinaryPrimitives.WriteInt32LittleEndian(entry[8..], entry.Length - HeaderSize);
        BinaryPrimitives.WriteInt32LittleEndian(entry[12..], partition.Partition);
        BinaryPrimitives.WriteInt64LittleEndian(entry[16..], epoch);
        _ = partition.Topic.TryWriteBytes(entry[24..]);
        BinaryPrimitives.WriteUInt32LittleEndian(entry, Crc32C.Compute(entry[4..]));
    }

    /// <summary>Reads the entry at the start of these bytes; false where no whole one stands there.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out long epoch, out PartitionId partition, out int length)
    {
        (epoch, partition, length) = (0, default, 0);
        if (bytes.Length < HeaderSize || BinaryPrimitives.ReadUInt32LittleEndian(bytes[4..]) != Format)
        {
            return false;
        }

        length = BinaryPrimitives.ReadInt32LittleEndian(bytes[8..]);
        if (length < 0 || length > bytes.Length - HeaderSize
            || Crc32C.Compute(bytes[4..(HeaderSize + length)]) != BinaryPrimitives.ReadUInt32LittleEndian(bytes))
        {
            return false;
        }

        epoch = BinaryPrimitives.ReadInt64LittleEndian(bytes[16..]);
        partition = new PartitionId(
            new Guid(bytes[24..HeaderSize]), BinaryPrimitives.ReadInt32LittleEndian(bytes[12..]));
        return true;
    }
}
