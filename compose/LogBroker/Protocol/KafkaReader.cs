using System.Buffers.Binary;
using System.Text;

namespace CardShop.LogBroker.Protocol;

/// <summary>
/// Reads the protocol's primitive types. In flexible versions strings, bytes and arrays carry unsigned varint lengths
/// plus one, and structures end with tagged fields. Every read is checked against what is left.
/// </summary>
internal ref struct KafkaReader(ReadOnlySpan<byte> buffer, bool flexible)
{
    private static readonly UTF8Encoding Utf8 = new(false, throwOnInvalidBytes: true);

    private readonly ReadOnlySpan<byte> _buffer = buffer;

    public int Position { get; private set; }

    public readonly bool Flexible => flexible;

    public readonly int Remaining => _buffer.Length - Position;

    public sbyte Int8() => (sbyte)Take(1)[0];

    public bool Bool() => Take(1)[0] != 0;

    public short Int16() => BinaryPrimitives.ReadInt16BigEndian(Take(2));

    public int Int32() => BinaryPrimitives.ReadInt32BigEndian(Take(4));

    public long Int64() => BinaryPrimitives.ReadInt64BigEndian(Take(8));

    public Guid Uuid() => new(Take(16), bigEndian: true);

    public uint UnsignedVarint()
    {
        uint value = 0;
        for (var shift = 0; shift < 35; shift += 7)
        {
            var next = Take(1)[0];
            value |= (uint)(next & 0x7f) << shift;
            if ((next & 0x80) == 0)
            {
                return value;
            }
        }

        throw new MalformedRequestException("a varint of more than five bytes");
    }

    public string String() => NullableString() ?? throw new MalformedRequestException("null where a string must stand");

    public string? NullableString()
    {
        var length = flexible ? CompactLength() : Int16();
        return length < 0 ? null : Text(length);
    }

    /// <summary>The string of a request header, which has a two-byte length in every version.</summary>
    public string? HeaderString()
    {
        var length = Int16();
        return length < 0 ? null : Text(length);
    }

    public ReadOnlySpan<byte> Bytes()
    {
        var length = flexible ? CompactLength() : Int32();
        return length < 0 ? [] : Take(length);
    }

    /// <summary>The length of an array, -1 for null; never more than the bytes that are left could hold.</summary>
    public int ArrayLength()
    {
        var length = flexible ? CompactLength() : Int32();
        if (length > Remaining)
        {
            throw new MalformedRequestException($"an array of {length} elements in {Remaining} bytes");
        }

        return length;
    }

    public List<int> Int32Array()
    {
        var count = ArrayLength();
        var list = new List<int>(Capacity(count));
        for (var i = 0; i < count; i++)
        {
            list.Add(Int32());
        }

        return list;
    }

    public List<string> StringArray()
    {
        var count = ArrayLength();
        var list = new List<string>(Capacity(count));
        for (var i = 0; i < count; i++)
        {
            list.Add(String());
        }

        return list;
    }

    /// <summary>Skips the tagged fields that end a structure of a flexible version; otherwise does nothing.</summary>
    public void Tags()
    {
        if (!flexible)
        {
            return;
        }

        for (var left = UnsignedVarint(); left > 0; left--)
        {
            _ = UnsignedVarint();
            var length = UnsignedVarint();
            if (length > Remaining)
            {
                throw new MalformedRequestException("a tagged field is longer than its request");
            }

            _ = Take((int)length);
        }
    }

    /// <summary>A list's first capacity: the sender's number is believed only as far as it costs little.</summary>
    public static int Capacity(int count) => Math.Clamp(count, 0, 256);

    private int CompactLength()
    {
        var raw = UnsignedVarint();
        return raw > int.MaxValue ? throw new MalformedRequestException("a length beyond 2^31") : (int)raw - 1;
    }

    private string Text(int length)
    {
        try
        {
            return Utf8.GetString(Take(length));
        }
        catch (DecoderFallbackException)
        {
            throw new MalformedRequestException("a string is not UTF-8");
        }
    }

    private ReadOnlySpan<byte> Take(int count)
    {
        if ((uint)count > (uint)Remaining)
        {
            throw new MalformedRequestException($"{count} bytes wanted, {Remaining} left");
        }

        var taken = _buffer.Slice(Position, count);
        Position += count;
        return taken;
    }
}
