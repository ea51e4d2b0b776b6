using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Unicode;

namespace CardShop.Shop.Reconciliation;

/// <summary>A line as bytes, valid until the next one is asked for; null where it is too long.</summary>
internal readonly record struct ByteLine(long Number, ReadOnlyMemory<byte>? Bytes);

/// <summary>Lines of a stream in constant memory, whatever their length.</summary>
internal static class ByteLines
{
    /// <summary>The longest line, in bytes without its end.</summary>
    public const int MaxBytes = 16 * 1024;

    private const int BufferSize = 64 * 1024;

    public static async IAsyncEnumerable<ByteLine> ReadAsync(
        Stream stream, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var buffer = new byte[BufferSize];
        var line = new byte[MaxBytes + 1];
        var length = 0;
        var number = 0L;
        int read;
        while ((read = await stream.ReadAsync(buffer, cancellation)) > 0)
        {
            var at = 0;
            int part;
            while ((part = buffer.AsSpan(at, read - at).IndexOf((byte)'\n')) >= 0)
            {
                length = Append(line, length, buffer.AsSpan(at, part));
                at += part + 1;
                yield return End(++number, line, length);
                length = 0;
            }

            length = Append(line, length, buffer.AsSpan(at, read - at));
        }

        if (length > 0)
        {
            yield return End(++number, line, length);
        }
    }

    /// <summary>Of a line that is too long only the fact is kept: its length stays above the limit.</summary>
    private static int Append(byte[] line, int length, ReadOnlySpan<byte> part)
    {
        if (length > MaxBytes || part.Length > line.Length - length)
        {
            return MaxBytes + 1;
        }

        part.CopyTo(line.AsSpan(length));
        return length + part.Length;
    }

    private static ByteLine End(long number, byte[] line, int length)
    {
        if (length > MaxBytes)
        {
            return new(number, null);
        }

        ReadOnlyMemory<byte> bytes = line.AsMemory(0, length);
        if (number == 1 && bytes.Span.StartsWith(Encoding.UTF8.Preamble))
        {
            bytes = bytes[3..];
        }

        return new(number, bytes.Span.EndsWith("\r"u8) ? bytes[..^1] : bytes);
    }
}

/// <summary>
/// UTF-8 or GB18030 (which contains GBK): the first line beyond ASCII tells which, and the rest of the file is held to it.
/// </summary>
internal sealed class StatementText
{
    private static readonly Encoding Gb18030 = CodePagesEncodingProvider.Instance.GetEncoding(
        "GB18030", EncoderFallback.ExceptionFallback, DecoderFallback.ExceptionFallback)!;

    private bool? _utf8;

    /// <summary>The line's text; null where it does not fit the file's encoding.</summary>
    public string? Decode(ReadOnlySpan<byte> line)
    {
        if (Ascii.IsValid(line))
        {
            return Encoding.ASCII.GetString(line);
        }

        _utf8 ??= Utf8.IsValid(line);
        return _utf8.Value ? Utf8.IsValid(line) ? Encoding.UTF8.GetString(line) : null : DecodeGb(line);
    }

    private static string? DecodeGb(ReadOnlySpan<byte> line)
    {
        try
        {
            return Gb18030.GetString(line);
        }
        catch (DecoderFallbackException)
        {
            return null;
        }
    }
}
