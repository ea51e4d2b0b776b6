namespace CardShop.Tests.Bench;

/// <summary>One figure beside its raw limit, measured in the same run.</summary>
/// <param name="Value">What was measured, in <paramref name="Unit"/>.</param>
/// <param name="Limit">The same of the bare thing; 0 where there is none.</param>
/// <param name="Ratio">Value divided by limit; 0 where there is no limit.</param>
public sealed record BenchResult(string Name, double Value, string Unit, double Limit, double Ratio)
{
    /// <summary>A figure whose ratio is value / limit.</summary>
    public static BenchResult Of(string name, double value, string unit, double limit) =>
        new(name, value, unit, limit, limit > 0 ? value / limit : 0);
}
