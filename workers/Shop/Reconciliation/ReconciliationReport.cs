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

    /// <summary>Findings that become cases, as far as they were kept.</summary>
    public IEnumerable<Finding> Cases => _findings.Values.SelectMany(f => f).Where(
        f => f.NeedsCase && (f.Kind != FindingKind.MissingThere || RefusedCount == 0));

    /// <summary>How many findings need a case, kept or not.</summary>
    public long CaseCount => Total(FindingKind.MissingHere) + Total(FindingKind.Differing)
        + (RefusedCount == 0 ? Total(FindingKind.MissingThere) : 0);

    /// <summary>The tally of one kind; <paramref name="kind"/> null = what matched.</summary>
    public Tally this[FindingKind? kind, MoneyKind money] => _tallies.GetValueOrDefault((kind, money));

    /// <summary>The first findings of a kind.</summary>
    public IReadOnlyList<Finding> First(FindingKind kind) => _findings.GetValueOrDefault(kind) ?? [];

    /// <summary>All findings of a kind, payments and refunds.</summary>
    public long Total(FindingKind kind) => this[kind, MoneyKind.Payment].Count + this[kind, MoneyKind.Refund].Count;

    internal void Compared(StatementLine line, Finding? finding)
    {
        Lines++;
        if (finding is null)
        {
            Count(null, line.Kind, line.Amount, line.Amount);
        }
        else
        {
            Add(finding);
        }
    }

    internal void Add(Finding finding)
    {
        Count(finding.Kind, finding.Money, finding.Theirs, finding.Ours);
        if (!_findings.TryGetValue(finding.Kind, out var kept))
        {
            _findings[finding.Kind] = kept = [];
        }

        if (kept.Count < maxFindings)
        {
            kept.Add(finding);
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

    private void Count(FindingKind? kind, MoneyKind money, long? theirs, long? ours) =>
        _tallies[(kind, money)] = this[kind, money].Plus(theirs, ours);
}
