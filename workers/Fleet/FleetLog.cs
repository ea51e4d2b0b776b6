namespace CardShop.Fleet;

internal static partial class FleetLog
{
    [LoggerMessage(3001, LogLevel.Information, "Fleet {Fleets} starting")]
    public static partial void Starting(ILogger logger, string fleets);

    [LoggerMessage(3002, LogLevel.Warning, "Database and log cannot be compared yet: {Reason}")]
    public static partial void FenceUnchecked(ILogger logger, string reason);

    [LoggerMessage(3003, LogLevel.Critical, "Fleet {Fleets} ends")]
    public static partial void Failed(ILogger logger, Exception exception, string fleets);

    [LoggerMessage(3004, LogLevel.Warning, "Orders wait in Kafka, their time to pay not begun: {Reason}")]
    public static partial void OrdersHeld(ILogger logger, string reason);

    [LoggerMessage(3005, LogLevel.Information, "Orders are taken again after {Seconds:F0} s")]
    public static partial void OrdersTaken(ILogger logger, double seconds);
}
