using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace CardShop.LogBroker.Protocol;

/// <summary>
/// Writes the protocol's primitive types into a pooled buffer that grows; the counterpart of the reader.
/// </summary>
internal sealed class KafkaWriter(bool flexible, int capacity = 512) : IDisposable
{
    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(capacity);

    public int Length { get; private set; }

    public bool Flexible => flexible;

    public ReadOnlyMemory<byte> Written => _buffer.AsMemory(0, Length);

    public void Int8(int value) => Reserve(1)[0] = (byte)value;

    public void Bool(bool value) => Reserve(1)[0] = value ? (byte)1 : (byte)0;

    public void Int16(int value) => BinaryPrimitives.WriteInt16BigEndian(Reserve(2), (short)value);

    public void Error(ErrorCode error) => Int16((int)error);

    public void Int32(int value) => BinaryPrimitives.WriteInt32BigEndian(Reserve(4), value);

    public void Int64(long value) => BinaryPrimitives.WriteInt64BigEndian(Reserve(8), value);

    public void Uuid(Guid value) => _ = value.TryWriteBytes(Reserve(16), bigEndian: true, out _);

    public void UnsignedVarint(uint value)
    {
        while (value >= 0x80)
        {
            Int8((int)((value & 0x7f) | 0x80));
            value >>= 7;
        }

        Int8((int)value);
    }

    public void String(string? value)
    {
        var length = value is null ? -1 : Encoding.UTF8.GetByteCount(value);
        if (flexible)
        {
            UnsignedVarint((uint)(length + 1));
        }
        else
        {
            Int16(length > short.MaxValue ? throw new ArgumentException("string too long", nameof(value)) : length);
        }

        if (length > 0)
        {
            Encoding.UTF8.GetBytes(value, Reserve(length));
        }
    }

    public void Bytes(ReadOnlySpan<byte> value)
    {
        BytesLength(value.Length);
        value.CopyTo(Reserve(value.Length));
    }

    /// <summary>Only the length of bytes that follow by other means (a region of a segment file).</summary>
    public void BytesLength(int length)
    {
        if (flexible)
        {
            UnsignedVarint((uint)(length + 1));
        }
        else
        {
            Int32(length);
        }
    }

    /// <summary>The length of an array; -1 for null.</summary>
    public void ArrayLength(int count) => BytesLength(count);

    public void Int32Array(IReadOnlyCollection<int> values)
    {
        ArrayLength(values.Count);
        foreach (var value in values)
        {
            Int32(value);
        }
    }

    /// <summary>No tagged fields, in flexible versions.</summary>
    public void Tags()
    {
        if (flexible)
        {
            Int8(0);
        }
    }

    public void Raw(ReadOnlySpan<byte> bytes) => bytes.CopyTo(Reserve(bytes.Length));

    public void PatchInt32(int position, int value) =>
        BinaryPrimitives.WriteInt32BigEndian(_buffer.AsSpan(position, 4), value);

    public void Dispose()
    {
        var buffer = _buffer;
        _buffer = [];
        Length = 0;
        if (buffer.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private Span<byte> Reserve(int count)
    {
        if (_buffer.Length - Length < count)
        {
            var larger = ArrayPool<byte>.Shared.Rent(Math.Max(_buffer.Length * 2, Length + count));
            _buffer.AsSpan(0, Length).CopyTo(larger);
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = larger;
        }

        var span = _buffer.AsSpan(Length, count);
        Length += count;
        return span;
    }
}
