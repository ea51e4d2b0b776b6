namespace CardShop.LogBroker.Protocol;

/// <summary>Walks over the records of an uncompressed batch body without copying them.</summary>
internal ref struct RecordReader(ReadOnlySpan<byte> body)
{
    private readonly ReadOnlySpan<byte> _body = body;
    private int _position;

    /// <summary>Where the current record starts in the body, its length prefix included.</summary>
    public int Start { get; private set; }

    /// <summary>Bytes of the current record, its length prefix included.</summary>
    public int Size { get; private set; }

    public long TimestampDelta { get; private set; }

    public int OffsetDelta { get; private set; }

    /// <summary>Start of the key in the body; the length is -1 for a null key.</summary>
    public int KeyStart { get; private set; }

    public int KeyLength { get; private set; }

    public int ValueStart { get; private set; }

    public int ValueLength { get; private set; }

    public readonly bool AtEnd => _position == _body.Length;

    public readonly ReadOnlySpan<byte> Key => KeyLength < 0 ? [] : _body.Slice(KeyStart, KeyLength);

    public readonly ReadOnlySpan<byte> Value => ValueLength < 0 ? [] : _body.Slice(ValueStart, ValueLength);

    /// <summary>Moves to the next record; false where the bytes are not a whole record.</summary>
    public bool TryNext()
    {
        Start = _position;
        if (!TryVarint(out var length) || length < 0 || length > _body.Length - _position)
        {
            return false;
        }

        var end = _position + (int)length;
        if (end == _position)
        {
            return false;
        }

        _position++; // attributes, unused
        if (!TryVarint(out var timestampDelta) || !TryVarint(out var offsetDelta)
            || !TryField(end, out var keyStart, out var keyLength)
            || !TryField(end, out var valueStart, out var valueLength) || _position > end)
        {
            return false;
        }

        TimestampDelta = timestampDelta;
        OffsetDelta = (int)offsetDelta;
        KeyStart = keyStart;
        KeyLength = keyLength;
        ValueStart = valueStart;
        ValueLength = valueLength;
        Size = end - Start;
        _position = end;
        return true;
    }

    private bool TryField(int end, out int start, out int length)
    {
        start = 0;
        length = -1;
        if (!TryVarint(out var size) || size > end - _position)
        {
            return false;
        }

        start = _position;
        if (size >= 0)
        {
            length = (int)size;
            _position += length;
        }

        return true;
    }

    private bool TryVarint(out long value)
    {
        ulong raw = 0;
        value = 0;
        for (var shift = 0; shift < 70; shift += 7)
        {
            if (_position >= _body.Length)
            {
                return false;
            }

            var next = _body[_position++];
            raw |= (ulong)(next & 0x7f) << shift;
            if ((next & 0x80) == 0)
            {
                value = (long)(raw >> 1) ^ -(long)(raw & 1);
                return true;
            }
        }

        return false;
    }
}
