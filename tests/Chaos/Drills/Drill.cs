namespace CardShop.Tests.Chaos.Drills;

/// <summary>
/// One planned emergency on real processes. <paramref name="Run"/> gives the rows of its table: what was measured, the time or count,
/// what is asked of it, and whether it holds.
/// </summary>
public sealed record Drill(string Name, string Summary, Func<CancellationToken, Task<IReadOnlyList<DrillFigure>>> Run);

/// <summary>One figure of a drill beside what is asked of it.</summary>
public sealed record DrillFigure(string What, string Measured, string Asked, bool Holds);
