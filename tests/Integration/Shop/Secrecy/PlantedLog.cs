using Microsoft.Extensions.Logging;

namespace CardShop.Tests.Integration.Shop.Secrecy;

/// <summary>How a secret may come into a log.</summary>
internal static partial class PlantedLog
{
    [LoggerMessage(Level = LogLevel.Debug, Message = "it says {Text}")]
    public static partial void Text(ILogger logger, string text);

    /// <summary>The text does not show the value; a store of structured logs does.</summary>
    public static void Value(ILogger logger, string text) => logger.Log(
        LogLevel.Trace, default, new Dictionary<string, object?> { ["Hidden"] = text }, null, (_, _) => "it says nothing");

    [LoggerMessage(Level = LogLevel.Error, Message = "it failed")]
    public static partial void Failure(ILogger logger, Exception failure);
}
