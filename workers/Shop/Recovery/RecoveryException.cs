namespace CardShop.Shop.Recovery;

/// <summary>Why a recovery cannot be done, or not go on: a plain sentence for operators.</summary>
public sealed class RecoveryException(string message) : Exception(message);
