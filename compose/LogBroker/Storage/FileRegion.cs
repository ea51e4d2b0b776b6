namespace CardShop.LogBroker.Storage;

/// <summary>Bytes of a segment that an answer will send; holds the segment open until disposed.</summary>
internal sealed class FileRegion(Segment segment, long position, int length) : IDisposable
{
    private bool _disposed;

    public int Length => length;

    /// <summary>Reads the next piece of the region.</summary>
    public int Read(int offset, Span<byte> into)
    {
        var wanted = Math.Min(into.Length, length - offset);
        var read = RandomAccess.Read(segment.File, into[..wanted], position + offset);
        return read > 0 || wanted == 0
            ? read
            : throw new IOException($"'{segment.Path}' ends before position {position + offset}");
    }

    public void Dispose()
    {
        if (!_disposed)
        {
            _disposed = true;
            segment.Release();
        }
    }
}
