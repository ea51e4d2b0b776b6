namespace CardShop.Shopctl.Audit;

/// <summary>What checking one invariant came to.</summary>
/// <param name="number">Its number in the design.</param>
/// <param name="title">What it says.</param>
/// <param name="what">What was compared with what.</param>
public sealed class InvariantCheck(int number, string title, string what)
{
    /// <summary>Violations that are named; all are counted.</summary>
    public const int MaxExamples = 10;

    private readonly List<string> _examples = [];
    private readonly List<string> _notes = [];

    public int Number => number;

    public string Title => title;

    public string What => what;

    public long Rows { get; private set; }

    public long Violations { get; private set; }

    public IReadOnlyList<string> Examples => _examples;

    /// <summary>What is no violation and still worth a word: queued, under way.</summary>
    public IReadOnlyList<string> Notes => _notes;

    /// <summary>Why it could not be looked at; null where it was.</summary>
    public string? Skipped { get; private set; }

    public string Verdict => Skipped is not null ? "not checked"
        : Violations > 0 ? "VIOLATED"
        : Rows == 0 ? "nothing to check"
        : "holds";

    public void Saw(long rows = 1) => Rows += rows;

    public void Violate(string example)
    {
        Violations++;
        if (_examples.Count < MaxExamples)
        {
            _examples.Add(example);
        }
    }

    public void Note(string text) => _notes.Add(text);

    public void Skip(string reason) => Skipped = reason;
}

/// <summary>The invariants of the design that a running shop can be asked about.</summary>
public sealed class AuditReport
{
    public InvariantCheck Orders { get; } = new(
        1, "every acknowledged order has a saga",
        "shop.orders.v1 below the orders group's progress against sagas and archive");

    public InvariantCheck Keys { get; } = new(
        2, "a key belongs to one order, a delivered order has its quantity", "sold keys against delivery documents");

    public InvariantCheck Notifications { get; } = new(
        3, "every notification shows in its saga",
        "shop.payment-notifications.v1 below the payments group's progress against sagas");

    public InvariantCheck Payments { get; } = new(
        4, "a delivered order has one full payment, not refunded before",
        "delivered orders against payments and refund events");

    public InvariantCheck Bounds { get; } = new(
        5, "paid becomes delivered, refunded or review in time",
        "paid and refunding orders against the product's bound");

    public InvariantCheck Stock { get; } = new(
        6, "stock adds up", "stock counters against key rows and reservations");

    public InvariantCheck Events { get; } = new(
        7, "a delivered order has exactly one OrderDelivered", "delivered orders against shop.deliveries.v1");

    public InvariantCheck Secrecy { get; } = new(
        9, "keys stand encrypted", "a sample of sealed keys opened with the installation's secrets, ids compared");

    public IReadOnlyList<InvariantCheck> All =>
        [Orders, Keys, Notifications, Payments, Bounds, Stock, Events, Secrecy];

    public bool IsClean => All.All(c => c.Violations == 0);
}
