using System.Buffers.Binary;
using System.Text;

namespace CardShop.Shopctl.Keys;

/// <summary>
/// How a key file's text is encoded. A line feed is one byte, which no other character of UTF-8 or GB18030 contains, or one
/// unit of UTF-16: lines are cut before they are decoded, and a wrong one spoils no other.
/// </summary>
public sealed class FileEncoding
{
    public static readonly FileEncoding Utf8 = new("UTF-8", new UTF8Encoding(true, throwOnInvalidBytes: true), 1, false);

    public static readonly FileEncoding Utf16Little =
        new("UTF-16LE", new UnicodeEncoding(bigEndian: false, byteOrderMark: true, throwOnInvalidBytes: true), 2, false);

    public static readonly FileEncoding Utf16Big =
        new("UTF-16BE", new UnicodeEncoding(bigEndian: true, byteOrderMark: true, throwOnInvalidBytes: true), 2, true);

    /// <summary>GB18030, of which GBK and GB2312 are parts.</summary>
    public static readonly FileEncoding Gb18030 = new(
        "GB18030",
        CodePagesEncodingProvider.Instance.GetEncoding(
            "GB18030", EncoderFallback.ExceptionFallback, DecoderFallback.ExceptionFallback)!,
        1, false);

    private static readonly byte[] GbMark = [0x84, 0x31, 0x95, 0x33];

    private readonly Encoding _encoding;
    private readonly bool _big;

    private FileEncoding(string name, Encoding encoding, int width, bool big)
    {
        Name = name;
        Width = width;
        _encoding = encoding;
        _big = big;
    }

    public string Name { get; }

    /// <summary>Bytes of a unit: 1 or 2.</summary>
    public int Width { get; }

    private ReadOnlySpan<byte> Mark => this == Gb18030 ? GbMark : _encoding.Preamble;

    /// <summary>What <c>--encoding</c> takes; null for <c>auto</c>.</summary>
    public static FileEncoding? Named(string name) => name switch
    {
        "utf-8" => Utf8,
        "gbk" or "gb18030" => Gb18030,
        "utf-16" or "utf-16le" => Utf16Little,
        "utf-16be" => Utf16Big,
        _ => null,
    };

    /// <summary>
    /// By the byte order mark; without one, zero bytes say UTF-16, and what is no UTF-8 but valid GB18030 is that. What is
    /// neither is read as UTF-8, its wrong lines are refused.
    /// </summary>
    /// <param name="start">The first bytes of the file; its last character may be cut.</param>
    public static FileEncoding Detect(ReadOnlySpan<byte> start)
    {
        foreach (var marked in new[] { Utf8, Utf16Little, Utf16Big, Gb18030 })
        {
            if (start.StartsWith(marked.Mark))
            {
                return marked;
            }
        }

        var (even, odd) = (0, 0);
        for (var i = 0; i < start.Length; i++)
        {
            if (start[i] == 0)
            {
                _ = i % 2 == 0 ? even++ : odd++;
            }
        }

        // Of UTF-16 text every letter, digit and line feed has one, always in the same half; in other text one is a mistake.
        if (Math.Max(even, odd) > start.Length / 4 && Math.Min(even, odd) <= Math.Max(even, odd) / 8)
        {
            return odd > even ? Utf16Little : Utf16Big;
        }

        return !IsValid(start, Utf8) && IsValid(start, Gb18030) ? Gb18030 : Utf8;
    }

    /// <summary>The place of the first line feed, in bytes; -1 where there is none. Whole units only.</summary>
    public int IndexOfLineFeed(ReadOnlySpan<byte> bytes)
    {
        if (Width == 1)
        {
            return bytes.IndexOf((byte)'\n');
        }

        for (var i = 0; i + 1 < bytes.Length; i += 2)
        {
            if (Unit(bytes[i..]) == '\n')
            {
                return i;
            }
        }

        return -1;
    }

    /// <summary>The line without a byte order mark (of the first line) and without a carriage return at its end.</summary>
    public ReadOnlySpan<byte> Trim(ReadOnlySpan<byte> line, bool first)
    {
        if (first && line.StartsWith(Mark))
        {
            line = line[Mark.Length..];
        }

        var ends = line.Length >= Width && (Width == 1 ? line[^1] : Unit(line[^2..])) == '\r';
        return ends ? line[..^Width] : line;
    }

    /// <returns>Null where the bytes are not valid.</returns>
    public string? Decode(ReadOnlySpan<byte> bytes)
    {
        if (this == Utf8 && !System.Text.Unicode.Utf8.IsValid(bytes))
        {
            return null;
        }

        try
        {
            return _encoding.GetString(bytes);
        }
        catch (DecoderFallbackException)
        {
            return null;
        }
    }

    private char Unit(ReadOnlySpan<byte> bytes) => (char)(_big
        ? BinaryPrimitives.ReadUInt16BigEndian(bytes)
        : BinaryPrimitives.ReadUInt16LittleEndian(bytes));

    /// <summary>Up to the last line feed, so that a character that is cut at the end does not count.</summary>
    private static bool IsValid(ReadOnlySpan<byte> start, FileEncoding encoding)
    {
        var end = start.LastIndexOf((byte)'\n');
        return encoding.Decode(end >= 0 ? start[..end] : start) is not null;
    }
}
