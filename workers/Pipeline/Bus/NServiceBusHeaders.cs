using System.Globalization;

namespace CardShop.Pipeline.Bus;

/// <summary>The headers that an NServiceBus endpoint needs, and their formats.</summary>
public static class NServiceBusHeaders
{
    public const string MessageId = "NServiceBus.MessageId";
    public const string MessageIntent = "NServiceBus.MessageIntent";
    public const string ConversationId = "NServiceBus.ConversationId";
    public const string CorrelationId = "NServiceBus.CorrelationId";
    public const string TimeSent = "NServiceBus.TimeSent";
    public const string ContentType = "NServiceBus.ContentType";
    public const string EnclosedMessageTypes = "NServiceBus.EnclosedMessageTypes";
    public const string OriginatingEndpoint = "NServiceBus.OriginatingEndpoint";
    public const string FailedQueue = "NServiceBus.FailedQ";
    public const string TimeOfFailure = "NServiceBus.TimeOfFailure";
    public const string ProcessingEndpoint = "NServiceBus.ProcessingEndpoint";
    public const string ProcessingMachine = "NServiceBus.ProcessingMachine";
    public const string ExceptionType = "NServiceBus.ExceptionInfo.ExceptionType";
    public const string InnerExceptionType = "NServiceBus.ExceptionInfo.InnerExceptionType";
    public const string ExceptionMessage = "NServiceBus.ExceptionInfo.Message";
    public const string ExceptionSource = "NServiceBus.ExceptionInfo.Source";
    public const string ExceptionStackTrace = "NServiceBus.ExceptionInfo.StackTrace";
    public const string HostId = "$.diagnostics.hostid";
    public const string HostDisplayName = "$.diagnostics.hostdisplayname";

    /// <summary>Our own: delayed rounds that a command has been through.</summary>
    public const string DelayedRounds = "NServiceBus.Retries";

    public const string RetryTimestamp = "NServiceBus.Retries.Timestamp";

    /// <summary>A time as NServiceBus writes it: <c>2026-11-21 00:12:08:760375 Z</c>.</summary>
    public static string Format(DateTimeOffset at) =>
        at.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss:ffffff 'Z'", CultureInfo.InvariantCulture);
}
