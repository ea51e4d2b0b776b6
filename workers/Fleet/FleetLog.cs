namespace CardShop.Fleet;

internal static partial class FleetLog
{
    [LoggerMessage(3001, LogLevel.Information, "Fleet {Fleets} starting")]
    public static partial void Starting(ILogger logger, string fleets);

    [LoggerMessage(3002, LogLevel.Warning, "Database and log cannot be compared yet: {Reason}")]
    public static partial void FenceUnchecked(ILogger logger, string reason);

    [LoggerMessage(3003, LogLevel.Critical, "Fleet {Fleets} ends")]
    public static partial void Failed(ILogger logger, Exception exception, string fleets);
}
