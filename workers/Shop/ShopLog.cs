using Microsoft.Extensions.Logging;

namespace CardShop.Shop;

/// <summary>Every line that the shop's code logs. No key text, contact, token or secret is ever an argument.</summary>
internal static partial class ShopLog
{
    [LoggerMessage(2001, LogLevel.Warning,
        "Group {Group}: {Topic}[{Partition}] offset {Offset} read where {Expected} was expected; reading again from there")]
    public static partial void Gap(ILogger logger, string group, string topic, int partition, long offset, long expected);

    [LoggerMessage(2101, LogLevel.Warning, "Payments: {Count} commands wait for a server: {Reason}")]
    public static partial void ActFailed(ILogger logger, int count, string reason);

    [LoggerMessage(2102, LogLevel.Warning, "Channel {Channel}: {Call} for {Number} answered {Result} {Code}")]
    public static partial void ChannelAnswered(
        ILogger logger, string channel, string call, string number, string result, string? code);

    [LoggerMessage(2103, LogLevel.Error, "Channel {Channel}: {Call} for {Number} failed")]
    public static partial void ChannelFailed(ILogger logger, Exception exception, string channel, string call, string number);

    [LoggerMessage(2201, LogLevel.Warning, "Watchdog {Name}: scan failed: {Reason}")]
    public static partial void ScanFailed(ILogger logger, string name, string reason);

    [LoggerMessage(2301, LogLevel.Warning, "Publisher {Name} failed: {Reason}")]
    public static partial void PublishFailed(ILogger logger, string name, string reason);

    [LoggerMessage(2302, LogLevel.Information, "{Topic}: {Count} documents published")]
    public static partial void DocumentsPublished(ILogger logger, string topic, int count);

    [LoggerMessage(2304, LogLevel.Warning, "The channels' states cannot be read: {Reason}")]
    public static partial void ChannelsUnread(ILogger logger, string reason);

    [LoggerMessage(2303, LogLevel.Warning, "Channel {Channel} is {State}; profiles down: [{Down}]")]
    public static partial void ChannelState(ILogger logger, string channel, string state, string down);

    [LoggerMessage(2401, LogLevel.Warning, "Webhook {Webhook}: {Failed} of {Calls} calls failed, tried again later: {Reason}")]
    public static partial void WebhookFailed(ILogger logger, string webhook, int failed, int calls, string reason);

    [LoggerMessage(2402, LogLevel.Error, "Webhook {Webhook}: event {EventId} given up after {Tries} tries: {Reason}")]
    public static partial void WebhookGivenUp(ILogger logger, string webhook, string eventId, int tries, string reason);

    [LoggerMessage(2403, LogLevel.Error,
        "Webhook {Webhook} is disabled: {Reason}. Tell the partner; 'shopctl partner webhook enable' sends what was missed")]
    public static partial void WebhookDisabled(ILogger logger, string webhook, string reason);

    [LoggerMessage(2404, LogLevel.Information, "Partner {Partner}: {Count} deliveries are sent again")]
    public static partial void WebhooksReplayed(ILogger logger, string partner, long count);

    [LoggerMessage(2501, LogLevel.Warning, "Mail: {Failed} of {Mails} were not taken, tried again later: {Reason}")]
    public static partial void MailFailed(ILogger logger, int failed, int mails, string? reason);

    [LoggerMessage(2502, LogLevel.Error,
        "Mail of event {EventId} given up after {Tries} tries: {Reason}. 'shopctl mails --failed' lists all, 'mails retry' sends again")]
    public static partial void MailGivenUp(ILogger logger, string eventId, int tries, string? reason);

    [LoggerMessage(2601, LogLevel.Information,
        "Housekeeping: {Trimmed} records trimmed, {Archived} orders archived, {Rows} old rows deleted")]
    public static partial void HouseKept(ILogger logger, long trimmed, int archived, int rows);

    [LoggerMessage(2602, LogLevel.Warning, "Housekeeping failed and is tried again: {Reason}")]
    public static partial void HousekeepingFailed(ILogger logger, string reason);
}
