using CardShop.Shop.Channels.Alipay;
using CardShop.Shop.Channels.UnionPay;
using CardShop.Shop.Channels.WeChat;

namespace CardShop.Shop.Channels;

/// <summary>The settings of all channels, bound from the configuration section <c>Channels</c>.</summary>
public sealed class PaymentChannelOptions
{
    public const string Section = "Channels";

    public AlipayOptions Alipay { get; init; } = new();

    public WeChatOptions Wechat { get; init; } = new();

    public UnionPayOptions Unionpay { get; init; } = new();
}

/// <summary>What a process does with channels.</summary>
public enum ChannelUse
{
    /// <summary>Calls the providers; needs the merchants' private keys.</summary>
    Call,

    /// <summary>Only verifies what providers send: no private key is read, where the channel can do without.</summary>
    Verify,
}

/// <summary>A channel that buyers can choose.</summary>
/// <param name="Profiles">The names of its merchant profiles, in the order of the settings; at least one.</param>
public sealed record OfferedChannel(IPaymentChannel Channel, IReadOnlyList<string> Profiles);

/// <summary>The one place that knows which channels there are. One without profiles in the settings is not offered.</summary>
public static class PaymentChannels
{
    /// <summary>Every channel that this version can offer: orders never name another one.</summary>
    public static readonly IReadOnlyList<string> Known = ["alipay", "wechat", "unionpay"];

    /// <summary>
    /// The profiles of each offered channel, by the channel's name, without reading a key: for processes that choose
    /// profiles and call nobody.
    /// </summary>
    public static IReadOnlyDictionary<string, IReadOnlyList<string>> Profiles(PaymentChannelOptions options) =>
        Rows(options, ChannelUse.Verify, TimeProvider.System).Where(r => r.Profiles.Count > 0)
            .ToDictionary(r => r.Name, r => r.Profiles);

    /// <summary>Loads keys and checks settings; throws <see cref="ChannelSettingsException"/>.</summary>
    public static IReadOnlyList<OfferedChannel> Open(PaymentChannelOptions options, ChannelUse use, TimeProvider time)
    {
        List<OfferedChannel> offered =
        [
            .. Rows(options, use, time).Where(r => r.Profiles.Count > 0).Select(r => new OfferedChannel(r.Open(), r.Profiles)),
        ];
        return offered.Count > 0
            ? offered
            : throw new ChannelSettingsException(
                AlipayOptions.Section + ":Profiles:0:Name",
                "no channel has a profile; one merchant account of one channel is needed");
    }

    private static IEnumerable<Row> Rows(PaymentChannelOptions options, ChannelUse use, TimeProvider time) =>
    [
        new("alipay", [.. options.Alipay.Profiles.Select(p => p.Name)], () => new AlipayChannel(options.Alipay, time, use: use)),
        new("wechat", [.. options.Wechat.Profiles.Select(p => p.Name)], () => new WeChatChannel(options.Wechat, time)),
        new("unionpay", [.. options.Unionpay.Profiles.Select(p => p.Name)], () => new UnionPayChannel(options.Unionpay, time)),
    ];

    private sealed record Row(string Name, IReadOnlyList<string> Profiles, Func<IPaymentChannel> Open);
}
