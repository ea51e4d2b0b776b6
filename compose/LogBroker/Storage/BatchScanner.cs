using System.Buffers;
using CardShop.LogBroker.Protocol;
using Microsoft.Win32.SafeHandles;

namespace CardShop.LogBroker.Storage;

/// <summary>Hops from batch header to batch header through a file, reading little more than the headers.</summary>
internal sealed class BatchScanner(SafeFileHandle file, long start, long end) : IDisposable
{
    private const int WindowSize = 16 * 1024;

    private readonly byte[] _window = ArrayPool<byte>.Shared.Rent(WindowSize);
    private long _windowStart;
    private int _windowLength;
    private long _next = start;

    /// <summary>Where the batch last returned starts.</summary>
    public long Position { get; private set; } = start;

    /// <summary>Where the batch last returned ends.</summary>
    public long NextPosition => _next;

    /// <summary>
    /// The next batch that lies wholly before the end; false at the end or at bytes that are no batch.
    /// </summary>
    public bool TryNext(out RecordBatch batch)
    {
        batch = default;
        if (end - _next < RecordBatch.HeaderSize || !TryHeader(_next, out var header)
            || !RecordBatch.TryRead(header, out batch) || batch.Size > end - _next)
        {
            return false;
        }

        Position = _next;
        _next += batch.Size;
        return true;
    }

    public void Dispose() => ArrayPool<byte>.Shared.Return(_window);

    private bool TryHeader(long position, out ReadOnlySpan<byte> header)
    {
        if (position < _windowStart || position + RecordBatch.HeaderSize > _windowStart + _windowLength)
        {
            _windowStart = position;
            var wanted = (int)Math.Min(WindowSize, end - position);
            _windowLength = RandomAccess.Read(file, _window.AsSpan(0, wanted), position);
        }

        var offset = (int)(position - _windowStart);
        header = _window.AsSpan(offset, Math.Max(0, Math.Min(RecordBatch.HeaderSize, _windowLength - offset)));
        return header.Length == RecordBatch.HeaderSize;
    }
}
