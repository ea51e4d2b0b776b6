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

    [LoggerMessage(2302, LogLevel.Information, "Catalog: {Count} products published")]
    public static partial void CatalogPublished(ILogger logger, int count);

    [LoggerMessage(2304, LogLevel.Warning, "The channels' states cannot be read: {Reason}")]
    public static partial void ChannelsUnread(ILogger logger, string reason);

    [LoggerMessage(2303, LogLevel.Warning, "Channel {Channel} is {State}; profiles down: [{Down}]")]
    public static partial void ChannelState(ILogger logger, string channel, string state, string down);
}
