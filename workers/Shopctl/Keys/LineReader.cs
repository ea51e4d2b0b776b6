using System.Runtime.CompilerServices;

namespace CardShop.Shopctl.Keys;

/// <summary>A line of a file: its text, or why it cannot be used.</summary>
/// <param name="Number">Counted from 1.</param>
public readonly record struct FileLine(long Number, string? Text, string? Refusal)
{
    /// <summary>Never the text: it may be a key.</summary>
    public override string ToString() => $"line {Number}";
}

/// <summary>Lines of a stream, in constant memory whatever their length.</summary>
public static class LineReader
{
    /// <summary>The longest line, in bytes without its end.</summary>
    public const int MaxBytes = 4_096;

    private const int BufferSize = 64 * 1024;

    /// <param name="encoding">Null = as the stream's beginning says.</param>
    /// <param name="detected">Told which encoding it is, before the first line.</param>
    public static async IAsyncEnumerable<FileLine> ReadAsync(
        Stream stream, FileEncoding? encoding, Action<FileEncoding>? detected,
        [EnumeratorCancellation] CancellationToken cancellation)
    {
        var buffer = new byte[BufferSize];
        var held = await stream.ReadAtLeastAsync(buffer, BufferSize, throwOnEndOfStream: false, cancellation);
        encoding ??= FileEncoding.Detect(buffer.AsSpan(0, held));
        detected?.Invoke(encoding);
        var line = new LineBuffer(encoding);
        while (held > 0)
        {
            var whole = held - (held % encoding.Width);
            var at = 0;
            int length;
            while ((length = encoding.IndexOfLineFeed(buffer.AsSpan(at, whole - at))) >= 0)
            {
                line.Append(buffer.AsSpan(at, length));
                at += length + encoding.Width;
                yield return line.End();
            }

            line.Append(buffer.AsSpan(at, whole - at));

            // Half a unit waits for its other half.
            buffer.AsSpan(whole, held - whole).CopyTo(buffer);
            held -= whole;
            var read = await stream.ReadAsync(buffer.AsMemory(held), cancellation);
            if (read == 0)
            {
                line.Append(buffer.AsSpan(0, held));
                break;
            }

            held += read;
        }

        if (!line.IsEmpty)
        {
            yield return line.End();
        }
    }

    /// <summary>The line being read; of one that is too long only the fact is kept.</summary>
    private sealed class LineBuffer(FileEncoding encoding)
    {
        // Room for the line's own end and, on the first line, a byte order mark.
        private readonly byte[] _bytes = new byte[MaxBytes + 6];
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
            var bytes = encoding.Trim(_bytes.AsSpan(0, _length), first: _number == 1);
            FileLine line = _overlong || bytes.Length > MaxBytes
                ? new(_number, null, "longer than 4,096 bytes")
                : encoding.Decode(bytes) is { } text
                    ? new(_number, text, null)
                    : new(_number, null, "not valid " + encoding.Name);
            _length = 0;
            _overlong = false;
            return line;
        }
    }
}
