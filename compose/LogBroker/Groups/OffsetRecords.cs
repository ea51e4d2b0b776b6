using CardShop.LogBroker.Protocol;

namespace CardShop.LogBroker.Groups;

/// <summary>A committed position.</summary>
internal sealed record CommittedOffset(long Offset, int LeaderEpoch, string Metadata, long CommittedAt);

/// <summary>A position's owner and place.</summary>
internal readonly record struct OffsetKey(string Group, string Topic, int Partition);

/// <summary>The records of __consumer_offsets, in Kafka's own form: key version 1, value version 3.</summary>
internal static class OffsetRecords
{
    private const int KeyVersion = 1;
    private const int ValueVersion = 3;

    public static byte[] EncodeKey(OffsetKey key)
    {
        using var writer = new KafkaWriter(flexible: false, 128);
        writer.Int16(KeyVersion);
        writer.String(key.Group);
        writer.String(key.Topic);
        writer.Int32(key.Partition);
        return writer.Written.ToArray();
    }

    public static byte[] EncodeValue(CommittedOffset value)
    {
        using var writer = new KafkaWriter(flexible: false, 128);
        writer.Int16(ValueVersion);
        writer.Int64(value.Offset);
        writer.Int32(value.LeaderEpoch);
        writer.String(value.Metadata);
        writer.Int64(value.CommittedAt);
        return writer.Written.ToArray();
    }

    public static bool TryDecodeKey(ReadOnlySpan<byte> bytes, out OffsetKey key)
    {
        key = default;
        try
        {
            var reader = new KafkaReader(bytes, flexible: false);
            if (reader.Int16() is not (0 or KeyVersion))
            {
                return false;
            }

            key = new OffsetKey(reader.String(), reader.String(), reader.Int32());
            return true;
        }
        catch (MalformedRequestException)
        {
            return false;
        }
    }

    public static CommittedOffset? TryDecodeValue(ReadOnlySpan<byte> bytes)
    {
        try
        {
            var reader = new KafkaReader(bytes, flexible: false);
            return reader.Int16() == ValueVersion
                ? new CommittedOffset(reader.Int64(), reader.Int32(), reader.String(), reader.Int64())
                : null;
        }
        catch (MalformedRequestException)
        {
            return null;
        }
    }
}
