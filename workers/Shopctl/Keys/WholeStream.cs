using System.Globalization;
using CardShop.Shopctl.Settings;

namespace CardShop.Shopctl.Keys;

/// <summary>
/// A stream of a known length that cannot seek. Ending early is a failure and not an end: a line that was cut there would be
/// taken for a whole key. What comes beyond the length is not read.
/// </summary>
public sealed class WholeStream(Stream inner, long length) : Stream
{
    private long _read;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => length;

    public override long Position
    {
        get => _read;
        set => throw new NotSupportedException();
    }

    /// <exception cref="ShopctlException">It has ended before its length.</exception>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var most = (int)Math.Min(buffer.Length, length - _read);
        return most == 0 ? 0 : Took(await inner.ReadAsync(buffer[..most], cancellationToken));
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <exception cref="ShopctlException">It has ended before its length.</exception>
    public override int Read(byte[] buffer, int offset, int count)
    {
        var most = (int)Math.Min(count, length - _read);
        return most == 0 ? 0 : Took(inner.Read(buffer, offset, most));
    }

    public override void Flush()
    {
        // It is only read.
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override async ValueTask DisposeAsync()
    {
        await inner.DisposeAsync();
        await base.DisposeAsync();
    }

    private int Took(int read)
    {
        _read += read;
        return read > 0
            ? read
            : throw new ShopctlException(
                ExitCodes.Failed,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"Standard input ended after {_read:N0} of {length:N0} bytes: what was not sent whole is not imported. ") +
                "Import the file again: it goes on from there.");
    }
}
