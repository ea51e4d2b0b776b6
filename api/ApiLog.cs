namespace CardShop.Api;

/// <summary>Every line that the API logs. No contact, token, key text or secret is ever an argument.</summary>
internal static partial class ApiLog
{
    [LoggerMessage(4001, LogLevel.Information, "Catalog read: {Products} products; orders are taken")]
    public static partial void TablesRead(ILogger logger, int products);

    [LoggerMessage(4002, LogLevel.Warning, "Reading the catalog failed, trying again: {Reason}")]
    public static partial void TablesFailed(ILogger logger, string reason);

    [LoggerMessage(4003, LogLevel.Error, "A record of {Topic} at offset {Offset} cannot be read and is passed over")]
    public static partial void TableRecordUnreadable(ILogger logger, string topic, long offset);

    [LoggerMessage(4101, LogLevel.Warning, "{Type} is not acknowledged, whoever sent it will repeat it: {Reason}")]
    public static partial void NotAcknowledged(ILogger logger, string type, string reason);

    [LoggerMessage(4201, LogLevel.Warning, "A notification of {Channel} was refused: {Reason}")]
    public static partial void NotificationRefused(ILogger logger, string channel, string reason);

    [LoggerMessage(4202, LogLevel.Error, "A genuine notification of {Channel} names {Number}, which is no order of ours: kept as a dead letter")]
    public static partial void NotificationOfNobody(ILogger logger, string channel, string number);

    [LoggerMessage(4301, LogLevel.Warning, "Orders are shown without details: {Reason}")]
    public static partial void Degraded(ILogger logger, string reason);

    [LoggerMessage(4302, LogLevel.Error, "Order {Order} cannot be read here: a newer version wrote it, or a key's encryption key or the archive's file is missing")]
    public static partial void Unreadable(ILogger logger, string order);

    [LoggerMessage(4401, LogLevel.Warning, "Events cannot be followed, trying again: {Reason}")]
    public static partial void FeedFailed(ILogger logger, string reason);

    [LoggerMessage(4501, LogLevel.Warning, "An operator's call was answered with 503: {Reason}")]
    public static partial void AdminUnavailable(ILogger logger, string reason);

    [LoggerMessage(4502, LogLevel.Warning, "Too many wrong operators' keys from {Network}: it is locked out for a while")]
    public static partial void AdminLocked(ILogger logger, string network);

    [LoggerMessage(4503, LogLevel.Warning, "A refused call of the operators' interface could not be noted in the audit: {Reason}")]
    public static partial void AdminUnnoted(ILogger logger, string reason);

    [LoggerMessage(4504, LogLevel.Information, "{Command} of the console ended with {Exit} after {Seconds:F1} s")]
    public static partial void CommandEnded(ILogger logger, string command, int exit, double seconds);

    [LoggerMessage(4505, LogLevel.Error, "shopctl cannot be started for the console: {Reason}")]
    public static partial void CommandNotStarted(ILogger logger, string reason);

    [LoggerMessage(4901, LogLevel.Error, "A {Method} request failed")]
    public static partial void Fault(ILogger logger, Exception? exception, string method);
}
