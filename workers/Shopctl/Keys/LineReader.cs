using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Unicode;

namespace CardShop.Shopctl.Keys;

/// <summary>A line of a file: its text, or why it cannot be used.</summary>
/// <param name="Number">Counted from 1.</param>
public readonly record struct FileLine(long Number, string? Text, string? Refusal)
{
    /// <summary>Never the text: it may be a key.</summary>
    public override string ToString() => $"line {Number}";
}

/// <summary>Lines of a UTF-8 stream, in constant memory whatever their length.</summary>
public static class LineReader
{
    /// <summary>The longest line, in bytes without its end.</summary>
    public const int MaxBytes = 4_096;

    private const int BufferSize = 64 * 1024;

    public static async IAsyncEnumerable<FileLine> ReadAsync(
        Stream stream, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var buffer = new byte[BufferSize];
        var line = new LineBuffer();
        int read;
        while ((read = await stream.ReadAsync(buffer, cancellation)) > 0)
        {
            var at = 0;
            int length;
            while ((length = buffer.AsSpan(at, read - at).IndexOf((byte)'\n')) >= 0)
            {
                line.Append(buffer.AsSpan(at, length));
                at += length + 1;
                yield return line.End();
            }

            line.Append(buffer.AsSpan(at, read - at));
        }

        if (!line.IsEmpty)
        {
            yield return line.End();
        }
    }

    /// <summary>The line being read; of one that is too long only the fact is kept.</summary>
    private sealed class LineBuffer
    {
        // Room for the line's own end and, on the first line, a byte order mark.
        private readonly byte[] _bytes = new byte[MaxBytes + 4];
        private int _length;
        private bool _overlong;
        private long _number;

        public bool IsEmpty => _length == 0 && !_overlong;

        public void Append(ReadOnlySpan<byte> part)
        {
            _overlong |= part.Length > _bytes.Length - _length;
            if (!_overlong)
            {
                part.CopyTo(_bytes.AsSpan(_length));
                _length += part.Length;
            }
        }

        public FileLine End()
        {
            _number++;
            ReadOnlySpan<byte> bytes = _bytes.AsSpan(0, _length);
            if (_number == 1 && bytes.StartsWith(Encoding.UTF8.Preamble))
            {
                bytes = bytes[3..];
            }

            if (bytes.EndsWith("\r"u8))
            {
                bytes = bytes[..^1];
            }

            FileLine line = _overlong || bytes.Length > MaxBytes
                ? new(_number, null, "longer than 4,096 bytes")
                : !Utf8.IsValid(bytes)
                    ? new(_number, null, "not valid UTF-8")
                    : new(_number, Encoding.UTF8.GetString(bytes), null);
            _length = 0;
            _overlong = false;
            return line;
        }
    }
}
