namespace CardShop.Tests.Integration.Shop.Faults;

/// <summary>What the buyer does in a row of the fault table.</summary>
public enum Story
{
    /// <summary>Pays as soon as there is a link.</summary>
    Pays,

    /// <summary>Pays what the provider has opened, whether the shop has learned of that or not.</summary>
    PaysUnseen,

    /// <summary>Scans the code and goes away.</summary>
    GoesAway,

    /// <summary>Scans the code and cancels.</summary>
    Cancels,

    /// <summary>Pays and cancels.</summary>
    PaysAndCancels,

    /// <summary>Goes away; the payment comes when the order has expired.</summary>
    PaysLate,
}

/// <summary>A fault as Sandbox's control interface takes it; the trade's number is added when it is planned.</summary>
/// <param name="Silent">It belongs to the story, and not to what the row is about.</param>
public sealed record PlannedFault(string Kind, string Method, int Times, bool Silent = false)
{
    /// <summary>Every notification is lost, so that only a query can tell.</summary>
    public static readonly PlannedFault NothingIsHeard = new("drop-before", "notify", 1_000, Silent: true);

    public int Milliseconds => Kind switch
    {
        "delay" => 600,
        "reorder-notify" => 20_000,
        _ => 1_500,
    };
}

/// <summary>One row of the fault table: what goes wrong, what the buyer does, and how the order must end.</summary>
/// <param name="NothingLeft">The product is sold out by the time the money comes.</param>
/// <param name="Expected">The states, as buyers see them, that the order may end in.</param>
public sealed record FaultRow(
    string Channel, Story Story, bool NothingLeft, IReadOnlyList<PlannedFault> Faults, IReadOnlySet<string> Expected)
{
    /// <summary>What the provider says is more than what it got: a lie must end before a person, with this difference.</summary>
    public long Lie { get; init; }

    /// <summary>The channel whose order a mixed-up notification names; null where there is none.</summary>
    public string? VictimChannel { get; init; }

    /// <summary>The victim's buyer pays after that.</summary>
    public bool VictimPays { get; init; }

    public string Fault => string.Join(
        " + ", Faults.Where(f => !f.Silent).Select(f => f.Times >= 1_000 ? $"{f.Kind} always" : $"{f.Kind} x{f.Times}"));

    public string Method => string.Join(" + ", Faults.Where(f => !f.Silent).Select(f => f.Method));

    /// <summary>Whether the money had moved when the fault came.</summary>
    public string When => Story is Story.Pays or Story.PaysUnseen or Story.PaysAndCancels
        ? Faults.Any(f => f is { Silent: false, Method: "create" }) && Story == Story.Pays ? "before" : "after"
        : "before";
}
