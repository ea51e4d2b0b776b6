namespace CardShop.Tests.Bench.Report;

/// <summary>A picture of one bench.</summary>
/// <param name="File">Its name in the folder of the report.</param>
public sealed record BenchPicture(string File, string Caption, string Svg);

/// <summary>What one bench came to.</summary>
/// <param name="Failure">Why its figures are missing; null where they are not.</param>
/// <param name="Asked">The length of its timed measurements.</param>
/// <param name="Time">From its first server's start to its last figure.</param>
/// <param name="Others">Processors that something else kept busy meanwhile, on average.</param>
/// <param name="Notes">What belongs to its figures, a line each.</param>
public sealed record BenchSection(
    string Bench, IReadOnlyList<BenchResult> Results, string? Failure, TimeSpan Asked, TimeSpan Time, double Others,
    IReadOnlyList<string> Notes, IReadOnlyList<BenchPicture> Pictures);

/// <summary>Where and when a run was.</summary>
/// <param name="Machine">Lines about processors, memory, kernel.</param>
/// <param name="Commit">What was measured.</param>
/// <param name="Load">The machine's load average just before.</param>
/// <param name="Wanted">All benches of the run, those to come too.</param>
public sealed record BenchOccasion(
    IReadOnlyList<string> Machine, string Commit, string Load, DateTimeOffset Started, IReadOnlyList<string> Wanted);
