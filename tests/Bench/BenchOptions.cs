namespace CardShop.Tests.Bench;

/// <summary>What is to be measured.</summary>
/// <param name="What">One bench, or all.</param>
/// <param name="Seconds">The length of timed measurements; each bench's usual one where it is not given, and of all the soak's.</param>
/// <param name="Rate">Orders per second, where they come at a steady rate.</param>
/// <param name="Rows">How much is stored or queued at the most, for benches that grow; null = what each takes by itself.</param>
internal sealed record BenchOptions(string What, int? Seconds, int Rate, int? Rows);
