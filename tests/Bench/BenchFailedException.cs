namespace CardShop.Tests.Bench;

/// <summary>A measurement that means nothing: what was measured did not do its work right, or not in time.</summary>
public sealed class BenchFailedException(string message) : Exception(message);
