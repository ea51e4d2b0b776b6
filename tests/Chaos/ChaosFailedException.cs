namespace CardShop.Tests.Chaos;

/// <summary>A run or a drill could not be carried out, or showed something that must never happen; the message is for people.</summary>
public sealed class ChaosFailedException(string message) : Exception(message);
