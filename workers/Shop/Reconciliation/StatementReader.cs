using System.Runtime.CompilerServices;

namespace CardShop.Shop.Reconciliation;

/// <summary>
/// A provider's statement as a stream of rows, in constant memory. The layout is told from the first lines. A line that
/// cannot be used is a refusal with its number; the rest goes on.
/// </summary>
/// <param name="latest">No line can be later than this: now, or the end of the day that is asked about.</param>
public sealed class StatementReader(Stream stream, DateTimeOffset latest)
{
    /// <summary>Lines above a header: comments and blank ones.</summary>
    private const int MaxHeadLines = 50;

    private readonly List<string> _comments = [];
    private readonly StatementText _text = new();

    /// <summary>Null until the first row has been read.</summary>
    public StatementLayout? Layout { get; private set; }

    /// <summary>Why the file cannot be whole; known at its end.</summary>
    public string? Incomplete { get; private set; }

    /// <summary>The rows that are a movement of money or a refusal.</summary>
    /// <exception cref="StatementFormatException">It is no statement that is understood.</exception>
    public async IAsyncEnumerable<StatementRow> ReadAsync([EnumeratorCancellation] CancellationToken cancellation)
    {
        await foreach (var line in ByteLines.ReadAsync(stream, cancellation))
        {
            if (line.Bytes is not { } bytes)
            {
                yield return Layout is null ? throw Unknown() : new(line.Number, null, "longer than 16,384 bytes");
                continue;
            }

            if (Layout is null && !IsFirstRow(line.Number, bytes.Span))
            {
                continue;
            }

            var row = Layout!.Read(line.Number, bytes.Span);
            if (row.Line is not null || row.Refusal is not null)
            {
                yield return row;
            }
        }

        if (Layout is null)
        {
            throw Unknown();
        }

        Incomplete = Layout.Incomplete();
    }

    /// <summary>Finds the layout. True where the line is a row already: the file has no header.</summary>
    private bool IsFirstRow(long number, ReadOnlySpan<byte> bytes)
    {
        if (UnionPayStatement.FromFirstLine(bytes, latest) is { } fixedWidths)
        {
            Layout = fixedWidths;
            return true;
        }

        if (number > MaxHeadLines || _text.Decode(bytes) is not { } text)
        {
            throw Unknown();
        }

        if (text.StartsWith('#'))
        {
            _comments.Add(text);
        }
        else if (!string.IsNullOrWhiteSpace(text))
        {
            var header = StatementFields.Split(text);
            Layout = (StatementLayout?)AlipayStatement.FromHeader(header, _comments) ?? WechatStatement.FromHeader(header)
                ?? (StatementLayout?)PlainStatement.FromHeader(header) ?? throw NoHeader(header);
        }

        return false;
    }

    private static StatementFormatException NoHeader(List<string> header) =>
        header.Any(h => h.StartsWith("账务流水号", StringComparison.Ordinal))
            ? new("This is Alipay's account detail bill (账务明细). Payments stand in the business detail bill (业务明细).")
            : header.Any(h => h.StartsWith("资金流水单号", StringComparison.Ordinal))
            ? new("This is WeChat Pay's fund flow bill. Payments stand in the trade bill (tradebill).")
            : Unknown();

    private static StatementFormatException Unknown() => new(
        "The file is no statement that is known: Alipay's business detail bill, WeChat Pay's trade bill, UnionPay's ZM file, " +
        "or CSV with the header number,trade_no,kind,amount_fen,currency,time,refund_number. Packed files are to be unpacked.");
}
