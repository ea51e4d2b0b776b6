namespace CardShop.Shop.Reconciliation;

/// <summary>How many, and how much in fen on either side.</summary>
public readonly record struct Tally(long Count, long Theirs, long Ours)
{
    public Tally Plus(long? theirs, long? ours) => new(Count + 1, Theirs + (theirs ?? 0), Ours + (ours ?? 0));
}

/// <summary>What a reconciliation has come to so far. What it keeps is bounded, whatever the statement's length.</summary>
/// <param name="maxFindings">How many findings of each kind are kept; all are counted.</param>
public sealed class ReconciliationReport(int maxFindings)
{
    private readonly Dictionary<(FindingKind? Kind, MoneyKind Money), Tally> _tallies = [];
    private readonly Dictionary<FindingKind, List<Finding>> _findings = [];
    private readonly Dictionary<FindingKind, List<Finding>> _unfiled = [];
    private readonly Dictionary<FindingKind, long> _filed = [];
    private readonly List<(string File, long Line, string Reason)> _refused = [];

    /// <summary>Lines that are a movement of money.</summary>
    public long Lines { get; private set; }

    /// <summary>Lines that could not be used, and files that are not whole.</summary>
    public long RefusedCount { get; private set; }

    /// <summary>The first of them; line 0 speaks of the whole file.</summary>
    public IReadOnlyList<(string File, long Line, string Reason)> Refused => _refused;

    /// <summary>The days compared; null where the statement names none.</summary>
    public StatementPeriod? Period { get; set; }

    /// <summary>What was not compared, and why.</summary>
    public string? Note { get; set; }

    /// <summary>True where both sides say the same.</summary>
    public bool IsClean => RefusedCount == 0 && _tallies.Keys.All(
        k => k.Kind is null or FindingKind.AtBorder or FindingKind.Archived);

    /// <summary>
    /// Findings that become cases, as far as they were kept. Those that an earlier run filed are not among them: they would
    /// take the room of those that it left.
    /// </summary>
    public IEnumerable<Finding> Cases => _unfiled.Values.SelectMany(f => f).Where(
        f => f.Kind != FindingKind.MissingThere || RefusedCount == 0);

    /// <summary>How many findings need a case, kept or not, filed before or not.</summary>
    public long CaseCount => OfCases(Total);

    /// <summary>How many of them an earlier run filed.</summary>
    public long FiledCount => OfCases(k => _filed.GetValueOrDefault(k));

    /// <summary>The tally of one kind; <paramref name="kind"/> null = what matched.</summary>
    public Tally this[FindingKind? kind, MoneyKind money] => _tallies.GetValueOrDefault((kind, money));

    /// <summary>The first findings of a kind.</summary>
    public IReadOnlyList<Finding> First(FindingKind kind) => _findings.GetValueOrDefault(kind) ?? [];

    /// <summary>All findings of a kind, payments and refunds.</summary>
    public long Total(FindingKind kind) => this[kind, MoneyKind.Payment].Count + this[kind, MoneyKind.Refund].Count;

    /// <param name="isFiled">An earlier run made a case of the finding.</param>
    internal void Compared(StatementLine line, Finding? finding, bool isFiled)
    {
        Lines++;
        if (finding is null)
        {
            Count(null, line.Kind, line.Amount, line.Amount);
        }
        else
        {
            Add(finding, isFiled);
        }
    }

    /// <param name="isFiled">An earlier run made a case of it.</param>
    internal void Add(Finding finding, bool isFiled)
    {
        Count(finding.Kind, finding.Money, finding.Theirs, finding.Ours);
        Keep(_findings, finding);
        if (isFiled)
        {
            _filed[finding.Kind] = _filed.GetValueOrDefault(finding.Kind) + 1;
        }
        else if (finding.NeedsCase)
        {
            Keep(_unfiled, finding);
        }
    }

    internal void Refuse(string file, long line, string reason)
    {
        RefusedCount++;
        if (_refused.Count < maxFindings)
        {
            _refused.Add((file, line, reason));
        }
    }

    private void Keep(Dictionary<FindingKind, List<Finding>> lists, Finding finding)
    {
        if (!lists.TryGetValue(finding.Kind, out var kept))
        {
            lists[finding.Kind] = kept = [];
        }

        if (kept.Count < maxFindings)
        {
            kept.Add(finding);
        }
    }

    /// <summary>Lines that were refused may be what is missing there: then that is no case.</summary>
    private long OfCases(Func<FindingKind, long> count) =>
        count(FindingKind.MissingHere) + count(FindingKind.Differing) + (RefusedCount == 0 ? count(FindingKind.MissingThere) : 0);

    private void Count(FindingKind? kind, MoneyKind money, long? theirs, long? ours) =>
        _tallies[(kind, money)] = this[kind, money].Plus(theirs, ours);
}
