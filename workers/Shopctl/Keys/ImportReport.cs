namespace CardShop.Shopctl.Keys;

/// <summary>Lines that something is to be said about: the first twenty, and how many there are.</summary>
public sealed class LineFindings
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
    }
}

/// <summary>What an import has come to so far.</summary>
public sealed class ImportReport
{
    /// <summary>Lines that are not blank.</summary>
    public long Read { get; set; }

    /// <summary>Keys that are new in stock.</summary>
    public long Imported { get; set; }

    public LineFindings Refused { get; } = new();

    public LineFindings DuplicatesInFile { get; } = new();

    public LineFindings DuplicatesInStock { get; } = new();

    public int BatchesSent { get; set; }

    public int BatchesLoaded { get; set; }

    /// <summary>Takes in what the delivery fleet noted about a batch.</summary>
    /// <param name="duplicates">Places in the batch of keys that were in stock already.</param>
    public void Loaded(IReadOnlyList<long> lines, IReadOnlyList<int> duplicates)
    {
        BatchesLoaded++;
        Imported += lines.Count - duplicates.Count;
        foreach (var place in duplicates)
        {
            DuplicatesInStock.Add(lines[place], "is in stock already");
        }
    }
}
