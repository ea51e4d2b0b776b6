using System.Globalization;

namespace CardShop.Shopctl.Keys;

/// <summary>Lines that something is to be said about: the first twenty, how many there are, and all of them in a file.</summary>
/// <param name="what">The word for it in the file.</param>
/// <param name="all">Where every line is written, as CSV; null for nowhere.</param>
public sealed class LineFindings(string what, TextWriter? all)
{
    public const int Shown = 20;

    private readonly List<(long Line, string Reason)> _first = [];

    public long Count { get; private set; }

    public IReadOnlyList<(long Line, string Reason)> First => _first;

    public void Add(long line, string reason)
    {
        Count++;
        if (_first.Count < Shown)
        {
            _first.Add((line, reason));
        }

        all?.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{line},{what},\"{reason}\""));
    }
}

/// <summary>What an import has come to so far.</summary>
/// <param name="all">Where every refused or duplicate line is written: <c>line,what,reason</c>, never its text.</param>
public sealed class ImportReport(TextWriter? all = null)
{
    /// <summary>The first line of the file of all findings.</summary>
    public const string Header = "line,what,reason";

    private const string InStock = "was imported before: in stock, sold or void";

    /// <summary>Lines that are not blank.</summary>
    public long Read { get; set; }

    /// <summary>Keys that are new in stock.</summary>
    public long Imported { get; set; }

    public LineFindings Refused { get; } = new("refused", all);

    public LineFindings DuplicatesInFile { get; } = new("duplicate", all);

    public LineFindings DuplicatesInStock { get; } = new("duplicate", all);

    public int BatchesSent { get; set; }

    public int BatchesLoaded { get; set; }

    /// <summary>Batches that an earlier run of the same file had loaded: they were not sent again.</summary>
    public int BatchesKnown { get; private set; }

    /// <summary>Takes in what the delivery fleet noted about a batch.</summary>
    /// <param name="duplicates">Places in the batch of keys that were in stock already.</param>
    public void Loaded(IReadOnlyList<long> lines, IReadOnlyList<int> duplicates)
    {
        BatchesLoaded++;
        Imported += lines.Count - duplicates.Count;
        foreach (var place in duplicates)
        {
            DuplicatesInStock.Add(lines[place], InStock);
        }
    }

    /// <summary>Takes in a batch that an earlier run had loaded: each of its keys is in stock.</summary>
    public void Known(IReadOnlyList<long> lines)
    {
        BatchesKnown++;
        foreach (var line in lines)
        {
            DuplicatesInStock.Add(line, InStock);
        }
    }
}
