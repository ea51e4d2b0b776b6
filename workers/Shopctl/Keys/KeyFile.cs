using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using CardShop.Shop.Keys;
using CardShop.Shopctl.Settings;
using CsvHelper;

namespace CardShop.Shopctl.Keys;

/// <summary>How keys stand in a file.</summary>
public enum KeyFileFormat
{
    /// <summary>One secret per line.</summary>
    Text,

    /// <summary>RFC 4180 with the header <c>secret</c> or <c>number,secret</c>; a record is one line.</summary>
    Csv,
}

/// <summary>How a file is to be read.</summary>
/// <param name="Encoding">Null = as its beginning says.</param>
/// <param name="Header">False for a CSV file without a header: its columns are number and secret, or the secret alone.</param>
/// <param name="Detected">Told which encoding it is.</param>
public sealed record KeyFileOptions(
    KeyFileFormat Format, FileEncoding? Encoding = null, bool Header = true, Action<FileEncoding>? Detected = null);

/// <summary>A line with a key, or one that is refused. Blank lines are neither.</summary>
/// <param name="Line">Counted from 1.</param>
/// <param name="Refusal">Why; never with the line's text.</param>
public readonly record struct KeyLine(long Line, PlainKey? Key, string? Refusal)
{
    /// <summary>Which unit of a key that is sold more than once; null for a unique one.</summary>
    public ulong? Unit { get; init; }

    public override string ToString() => $"line {Line}";
}

/// <summary>Keys out of a stream, one line at a time.</summary>
public static class KeyFile
{
    /// <exception cref="ShopctlException">A CSV file without its header.</exception>
    public static IAsyncEnumerable<KeyLine> ReadAsync(
        Stream stream, KeyFileFormat format, CancellationToken cancellation) =>
        ReadAsync(stream, new KeyFileOptions(format), cancellation);

    /// <exception cref="ShopctlException">A CSV file without its header.</exception>
    public static async IAsyncEnumerable<KeyLine> ReadAsync(
        Stream stream, KeyFileOptions options, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var format = options.Format;
        CsvColumns? columns = null;
        await foreach (var line in LineReader.ReadAsync(stream, options.Encoding, options.Detected, cancellation))
        {
            if (line.Text is { } text && string.IsNullOrWhiteSpace(text))
            {
                continue;
            }

            if (format == KeyFileFormat.Csv && columns is null)
            {
                columns = options.Header ? CsvColumns.FromHeader(line) : CsvColumns.FromFirst(line);
                if (options.Header)
                {
                    continue;
                }
            }

            yield return line.Text is null ? new(line.Number, null, line.Refusal)
                : columns is null ? Checked(line.Number, new(null, line.Text.Trim()))
                : columns.Read(line.Number, line.Text);
        }

        if (format == KeyFileFormat.Csv && options.Header && columns is null)
        {
            throw CsvColumns.NoHeader();
        }
    }

    /// <summary>Refuses what nobody could read or type.</summary>
    internal static KeyLine Checked(long line, PlainKey key) =>
        key.Secret.Length == 0 ? new(line, null, "the secret is empty")
        : IsPrintable(key.Secret) && IsPrintable(key.Number ?? string.Empty) ? new(line, key, null)
        : new(line, null, "an unprintable character");

    private static bool IsPrintable(string text)
    {
        foreach (var rune in text.EnumerateRunes())
        {
            if (Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control or UnicodeCategory.Format
                or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator)
            {
                return false;
            }
        }

        return true;
    }
}

/// <summary>Where number and secret stand in a CSV record.</summary>
internal sealed class CsvColumns
{
    private static readonly CsvReaderOptions Csv = new()
    {
        HasHeader = false,
        Separator = ',',
        DetectSeparatorHint = false,
        MalformedData = CsvMalformedDataHandling.Throw,
        IncludeValuesInExceptions = false,
        BufferSize = 2 * LineReader.MaxBytes,
    };

    private readonly int _number;
    private readonly int _secret;
    private readonly int _count;

    private CsvColumns(string[] header)
    {
        _number = Array.FindIndex(header, h => Is(h, "number"));
        _secret = Array.FindIndex(header, h => Is(h, "secret"));
        _count = header.Length;
    }

    /// <exception cref="ShopctlException">It is not a header of keys.</exception>
    public static CsvColumns FromHeader(FileLine line) =>
        line.Text is { } text && Parse(text) is { } fields
            && (fields is [var one] ? Is(one, "secret")
                : fields is [var a, var b] && ((Is(a, "number") && Is(b, "secret")) || (Is(a, "secret") && Is(b, "number"))))
            ? new(fields)
            : throw NoHeader();

    /// <summary>Columns of a file without a header, by the number of fields in its first record.</summary>
    /// <exception cref="ShopctlException">It has neither one field nor two.</exception>
    public static CsvColumns FromFirst(FileLine line) => (line.Text is { } text ? Parse(text)?.Length : null) switch
    {
        1 => new(["secret"]),
        2 => new(["number", "secret"]),
        _ => throw new ShopctlException(
            ExitCodes.Failed,
            "The first line of the CSV file has neither one field (secret) nor two (number, secret). Nothing was imported."),
    };

    public static ShopctlException NoHeader() => new(
        ExitCodes.Failed,
        "The CSV file has not the header 'secret' or 'number,secret' in its first line; --no-header reads one without. " +
        "Nothing was imported.");

    public KeyLine Read(long line, string text) => Parse(text) switch
    {
        null => new(line, null, "a quotation mark is misplaced or not closed (a record is one line)"),
        { Length: var count } when count != _count => new(
            line, null, string.Create(CultureInfo.InvariantCulture, $"{count} fields where the header has {_count}")),
        var fields => KeyFile.Checked(line, new(NumberOf(fields), fields[_secret].Trim())),
    };

    private string? NumberOf(string[] fields) =>
        _number >= 0 && fields[_number].Trim() is { Length: > 0 } number ? number : null;

    private static bool Is(string field, string name) => field.Trim().Equals(name, StringComparison.OrdinalIgnoreCase);

    /// <returns>Null where the line is no CSV record of its own.</returns>
    private static string[]? Parse(string line)
    {
        using var reader = CsvReader.FromText(line, Csv);
        try
        {
            if (!reader.Read())
            {
                return null;
            }

            var fields = new string[reader.FieldCount];
            for (var i = 0; i < fields.Length; i++)
            {
                fields[i] = reader.GetString(i);
            }

            return reader.Read() ? null : fields;
        }
        catch (CsvFormatException)
        {
            return null;
        }
    }
}
