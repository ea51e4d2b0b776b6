using System.Buffers;

namespace CardShop.LogBroker.Network;

/// <summary>Small whole answers, one behind the other, on their way into one send.</summary>
internal sealed class GatheredAnswers : IDisposable
{
    private const int Capacity = 16 * 1024;

    private byte[]? _buffer;
    private int _length;

    public ReadOnlyMemory<byte> Bytes => _buffer.AsMemory(0, _length);

    /// <summary>Takes a sealed answer; false where it does not fit or has parts in files.</summary>
    public bool TryAdd(Response answer)
    {
        var bytes = answer.Writer.Written;
        if (answer.Regions.Count > 0 || bytes.Length > Capacity - _length)
        {
            return false;
        }

        _buffer ??= ArrayPool<byte>.Shared.Rent(Capacity);
        bytes.CopyTo(_buffer.AsMemory(_length));
        _length += bytes.Length;
        return true;
    }

    /// <summary>All was sent. An idle connection holds no buffer.</summary>
    public void Clear()
    {
        _length = 0;
        Dispose();
    }

    public void Dispose()
    {
        if (_buffer is { } buffer)
        {
            _buffer = null;
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
