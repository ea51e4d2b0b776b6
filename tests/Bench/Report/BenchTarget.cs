using System.Globalization;

namespace CardShop.Tests.Bench.Report;

/// <summary>Which side of the number is the good one.</summary>
public enum Bound
{
    AtLeast,
    AtMost,
}

/// <summary>What is judged: the figure itself, or its ratio to the raw limit of the same run.</summary>
public enum Judged
{
    Value,
    Ratio,
}

/// <summary>What is asked of one figure.</summary>
/// <param name="Name">The figure's.</param>
/// <param name="Number">In the figure's unit, or a ratio.</param>
/// <param name="From">A shorter run says nothing about it.</param>
public sealed record BenchTarget(string Name, Judged Judged, Bound Bound, double Number, TimeSpan From = default)
{
    public bool IsMetBy(BenchResult result) => Bound switch
    {
        Bound.AtLeast => Of(result) >= Number,
        Bound.AtMost => Of(result) <= Number,
        _ => throw new InvalidOperationException($"No bound {Bound}"),
    };

    /// <summary>1 where the target is just met, more where it is passed, whichever side is the good one.</summary>
    public double Score(BenchResult result) => Bound == Bound.AtLeast ? Of(result) / Number : Number / Math.Max(Of(result), double.Epsilon);

    /// <summary>The target as a share of the raw limit, as <see cref="BenchTargets.Closeness"/> counts it; null where there is no limit.</summary>
    public double? Closeness(BenchResult result) => (result.Limit, Judged, Bound) switch
    {
        ( <= 0, _, _) => null,
        (_, Judged.Ratio, Bound.AtLeast) => Number,
        (_, Judged.Ratio, _) => 1 / Number,
        (_, _, Bound.AtLeast) => Number / result.Limit,
        _ => result.Limit / Number,
    };

    /// <summary>Such as "≥ 8,700 orders/s".</summary>
    public string Text(BenchResult result) => string.Create(
        CultureInfo.InvariantCulture,
        $"{(Bound == Bound.AtLeast ? '≥' : '≤')} {Number:#,0.####} {(Judged == Judged.Ratio ? "of the limit" : result.Unit)}");

    private double Of(BenchResult result) => Judged == Judged.Ratio ? result.Ratio : result.Value;
}
