using Microsoft.Extensions.Logging;

namespace CardShop.Pipeline.Telemetry;

/// <summary>What lines in JSON say beside their own arguments.</summary>
public static class LogScopes
{
    /// <summary>All lines until it is disposed of are about one order. Null, which is fine to dispose of, for no order.</summary>
    public static IDisposable? Order(ILogger logger, string? orderId) =>
        orderId is null ? null : logger.BeginScope(new KeyValuePair<string, object?>[] { new("order", orderId) });
}
