namespace CardShop.Sandbox;

/// <summary>Every line the sandbox logs.</summary>
internal static partial class Log
{
    [LoggerMessage(
        1, LogLevel.Information,
        "Sandbox is ready at {Address}: {Trades} trades known, {Unacknowledged} notifications to send")]
    public static partial void Ready(ILogger log, string address, int trades, int unacknowledged);

    [LoggerMessage(2, LogLevel.Warning, "{Lines} lines of the journal could not be read and were left out")]
    public static partial void JournalSkipped(ILogger log, int lines);

    [LoggerMessage(3, LogLevel.Warning, "Notification of {Number} given up after {Deliveries} deliveries: {Answer}")]
    public static partial void NoticeGivenUp(ILogger log, string number, int deliveries, string answer);

    [LoggerMessage(4, LogLevel.Warning, "Call refused before any business: {Code}")]
    public static partial void CallRefused(ILogger log, string code);

    [LoggerMessage(5, LogLevel.Error, "The journal cannot be written: the call is not done")]
    public static partial void JournalFailed(ILogger log, Exception failure);
}
