using CardShop.Tests.Chaos.Faults;

namespace CardShop.Tests.Chaos;

/// <summary>What a long run is told.</summary>
/// <param name="Minutes">How long there is load.</param>
/// <param name="Seed">Draws buyers and faults.</param>
/// <param name="Every">Seconds between two faults, on average; 0 = no faults.</param>
/// <param name="Rate">Orders per second.</param>
public sealed record ChaosOptions(double Minutes, int Seed, double Every, int Rate)
{
    /// <summary>What may befall the shop.</summary>
    public IReadOnlyCollection<FaultKind> Kinds { get; init; } = Enum.GetValues<FaultKind>();

    /// <summary>Null: all is well; else what is wrong and what to do.</summary>
    public string? Fault() => Minutes is not (>= 0.5 and <= 600) ? "--minutes must be 0.5 to 600."
        : Rate is not (>= 1 and <= 5_000) ? "--rate must be 1 to 5000 orders per second."
        : Every is not (0 or (>= 2 and <= 3_600)) ? "--every must be 2 to 3600 seconds, or 0 for no faults."
        : null;
}
