using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace CardShop.Pipeline.Outbox;

/// <summary>
/// The compact bytes of an outbox row's two parts: a version byte, a count, then length-prefixed fields.
/// Headers are not stored; they are added at dispatch.
/// </summary>
public static class OutboxCodec
{
    /// <summary>With a traceparent at the end of each message. Rows without any are written as the version before.</summary>
    private const byte Version = 3;

    private const byte Untraced = 2;

    /// <summary>Records without a sequence; rows of it may still wait while a new version is rolled out.</summary>
    private const byte Oldest = 1;

    /// <returns>Null for no records.</returns>
    public static byte[]? Encode(IReadOnlyList<OutRecord> records)
    {
        if (records.Count == 0)
        {
            return null;
        }

        var writer = new ArrayBufferWriter<byte>(records.Count * 512);
        var version = records.Any(r => r.TraceParent is not null) ? Version : Untraced;
        Start(writer, version, records.Count);
        foreach (var record in records)
        {
            Text(writer, record.Topic);
            Number(writer, record.Partition);
            Text(writer, record.Key);
            Text(writer, record.Type);
            Number(writer, record.At.ToUnixTimeMilliseconds());
            Text(writer, record.OrderId);
            Text(writer, record.EventId);
            Number(writer, record.Sequence ?? -1);
            Bytes(writer, record.Body);
            if (version == Version)
            {
                Text(writer, record.TraceParent);
            }
        }

        return writer.WrittenSpan.ToArray();
    }

    /// <returns>Null for no commands.</returns>
    public static byte[]? Encode(IReadOnlyList<OutCommand> commands)
    {
        if (commands.Count == 0)
        {
            return null;
        }

        var writer = new ArrayBufferWriter<byte>(commands.Count * 256);
        var version = commands.Any(c => c.TraceParent is not null) ? Version : Untraced;
        Start(writer, version, commands.Count);
        foreach (var command in commands)
        {
            Text(writer, command.Queue);
            Text(writer, command.Type);
            Text(writer, command.MessageId);
            Text(writer, command.ConversationId);
            Number(writer, command.At.ToUnixTimeMilliseconds());
            Bytes(writer, command.Body);
            if (version == Version)
            {
                Text(writer, command.TraceParent);
            }
        }

        return writer.WrittenSpan.ToArray();
    }

    public static IReadOnlyList<OutRecord> DecodeRecords(byte[]? bytes)
    {
        var reader = new Reader(bytes);
        var records = new List<OutRecord>(reader.Count);
        for (var i = 0; i < reader.Count; i++)
        {
            var topic = reader.Text()!;
            var partition = (int)reader.Number();
            var key = reader.Text()!;
            var type = reader.Text()!;
            var at = DateTimeOffset.FromUnixTimeMilliseconds(reader.Number());
            var order = reader.Text();
            var eventId = reader.Text();
            var sequence = reader.Version == Oldest ? -1 : (int)reader.Number();
            records.Add(new(
                topic, partition, key, type, reader.Bytes()!, at, order, eventId, sequence < 0 ? null : sequence)
            {
                TraceParent = reader.Version > Untraced ? reader.Text() : null,
            });
        }

        return records;
    }

    public static IReadOnlyList<OutCommand> DecodeCommands(byte[]? bytes)
    {
        var reader = new Reader(bytes);
        var commands = new List<OutCommand>(reader.Count);
        for (var i = 0; i < reader.Count; i++)
        {
            var queue = reader.Text()!;
            var type = reader.Text()!;
            var id = reader.Text()!;
            var conversation = reader.Text()!;
            var at = DateTimeOffset.FromUnixTimeMilliseconds(reader.Number());
            commands.Add(new(queue, type, id, conversation, reader.Bytes()!, at)
            {
                TraceParent = reader.Version > Untraced ? reader.Text() : null,
            });
        }

        return commands;
    }

    private static void Start(ArrayBufferWriter<byte> writer, byte version, int count)
    {
        writer.GetSpan(1)[0] = version;
        writer.Advance(1);
        Number(writer, count);
    }

    private static void Number(ArrayBufferWriter<byte> writer, long value)
    {
        BinaryPrimitives.WriteInt64BigEndian(writer.GetSpan(8), value);
        writer.Advance(8);
    }

    private static void Length(ArrayBufferWriter<byte> writer, int value)
    {
        BinaryPrimitives.WriteInt32BigEndian(writer.GetSpan(4), value);
        writer.Advance(4);
    }

    private static void Text(ArrayBufferWriter<byte> writer, string? value)
    {
        if (value is null)
        {
            Length(writer, -1);
            return;
        }

        Length(writer, Encoding.UTF8.GetByteCount(value));
        writer.Advance(Encoding.UTF8.GetBytes(value, writer.GetSpan(Encoding.UTF8.GetMaxByteCount(value.Length))));
    }

    private static void Bytes(ArrayBufferWriter<byte> writer, byte[] value)
    {
        Length(writer, value.Length);
        writer.Write(value);
    }

    private ref struct Reader
    {
        private ReadOnlySpan<byte> _left;

        public Reader(byte[]? bytes)
        {
            _left = bytes;
            if (_left.IsEmpty)
            {
                return;
            }

            Version = _left[0];
            if (Version is < Oldest or > OutboxCodec.Version)
            {
                throw new InvalidDataException(
                    $"Outbox row of version {Version}; this program reads {Oldest} to {OutboxCodec.Version}.");
            }

            _left = _left[1..];
            Count = (int)Number();
        }

        public byte Version { get; }

        public int Count { get; }

        public long Number()
        {
            var value = BinaryPrimitives.ReadInt64BigEndian(_left);
            _left = _left[8..];
            return value;
        }

        public string? Text() => Bytes() is { } bytes ? Encoding.UTF8.GetString(bytes) : null;

        public byte[]? Bytes()
        {
            var length = BinaryPrimitives.ReadInt32BigEndian(_left);
            _left = _left[4..];
            if (length < 0)
            {
                return null;
            }

            var value = _left[..length].ToArray();
            _left = _left[length..];
            return value;
        }
    }
}
