using static CardShop.Shop.Channels.ChannelAnswers;

namespace CardShop.Shop.Channels.WeChat;

/// <summary>
/// WeChat Pay, API v3: native payments (a code to scan), query, close, refund; WECHATPAY2-SHA256-RSA2048.
/// <para>
/// Every body is made of the saved payment alone, so that a repeat has the same bytes: WeChat Pay refuses another content
/// under the same number. The signature's time and nonce are each call's own, as the protocol demands.
/// </para>
/// </summary>
public sealed class WeChatChannel : IPaymentChannel, IDisposable
{
    private const int LinkLimit = 1024;
    private const int RefundNumberLimit = 64;
    private const string JsonType = "application/json; charset=utf-8";

    private readonly IReadOnlyList<WeChatProfile> _profiles;
    private readonly WeChatGateway _gateway;
    private readonly TimeProvider _clock;

    /// <summary>Loads keys and checks settings; throws <see cref="ChannelSettingsException"/>.</summary>
    /// <param name="handler">Stands in for the network in tests; else one with the timeouts of the options.</param>
    public WeChatChannel(WeChatOptions options, TimeProvider clock, HttpMessageHandler? handler = null)
    {
        _profiles = WeChatProfile.LoadAll(options);
        _clock = clock;
        var useProxy = !_profiles.All(one => one.Gateway.IsLoopback);
        _gateway = new WeChatGateway(options, useProxy, clock, handler);
    }

    public string Name => "wechat";

    /// <summary>The code's text is both <see cref="ChannelAnswer.Qr"/> and <see cref="ChannelAnswer.Link"/>.</summary>
    public async Task<ChannelAnswer> CreateAsync(PaymentRequest request, CancellationToken cancellation)
    {
        if (Check(request, out var profile) is { } refusal)
        {
            return refusal;
        }

        if (request.ExpiresAt <= _clock.GetUtcNow())
        {
            return Expired();
        }

        var answer = await _gateway.PostAsync(
            profile!, WeChatPaths.Native, WeChatContent.Native(request, profile!), cancellation);
        var result = answer.ToChannelAnswer(WeChatCall.Create);
        if (result.Result != ChannelResult.Done)
        {
            return result.Result == ChannelResult.Refused && request.ExpiresAt <= _clock.GetUtcNow()
                ? Expired()
                : result;
        }

        var code = WeChatJson.Text(answer.Fields, "code_url");
        return IsLink(code) ? result with { Link = code, Qr = code } : Unreadable();
    }

    public async Task<ChannelAnswer> QueryAsync(PaymentRequest request, CancellationToken cancellation)
    {
        if (Check(request, out var profile) is { } refusal)
        {
            return refusal;
        }

        var answer = await _gateway.GetAsync(
            profile!, WeChatPaths.Query(request.Number, profile!.MerchantId), cancellation);
        var result = answer.ToChannelAnswer(WeChatCall.Query);
        if (result.Result != ChannelResult.Done)
        {
            return result;
        }

        if (WeChatJson.Text(answer.Fields, "trade_state") is "USERPAYING" or "USER_PAYING")
        {
            return new ChannelAnswer(ChannelResult.Unknown, Code: "USERPAYING");
        }

        return WeChatTrades.Read(answer.Fields, request.AmountMinor, out _) is { } trade
            && trade.Number == request.Number
            && WeChatJson.Text(answer.Fields, "mchid") == profile.MerchantId
            && WeChatJson.Text(answer.Fields, "appid") == profile.AppId
            ? result with { Trade = trade }
            : Unreadable();
    }

    /// <summary>WeChat Pay says yes to closing whatever number, so that only a query tells what came of it.</summary>
    public async Task<ChannelAnswer> CloseAsync(PaymentRequest request, CancellationToken cancellation)
    {
        if (Check(request, out var profile) is { } refusal)
        {
            return refusal;
        }

        var answer = await _gateway.PostAsync(
            profile!, WeChatPaths.Close(request.Number), WeChatContent.Close(profile!), cancellation);
        var result = answer.ToChannelAnswer(WeChatCall.Close);
        if (result.Result != ChannelResult.Done)
        {
            return result;
        }

        var seen = await QueryAsync(request, cancellation);
        return seen.Trade?.Status switch
        {
            TradeStatus.Closed => seen,
            TradeStatus.Paid => seen with { Result = ChannelResult.WrongState, Code = "PAID" },
            TradeStatus.Waiting => seen with { Result = ChannelResult.Unknown, Code = "CLOSE_UNCONFIRMED" },
            null => seen,
            _ => throw new InvalidOperationException("unknown status"),
        };
    }

    public async Task<ChannelAnswer> RefundAsync(RefundRequest request, CancellationToken cancellation)
    {
        if (Check(request.Payment, out var profile) is { } refusal)
        {
            return refusal;
        }

        if (request.AmountMinor <= 0 || request.AmountMinor > request.Payment.AmountMinor)
        {
            return Refuse("AMOUNT_INVALID", "a refund is more than zero and at most what was paid");
        }

        if (request.RefundNumber.Length is 0 or > RefundNumberLimit)
        {
            return Refuse("NUMBER_INVALID", $"a refund number has 1 to {RefundNumberLimit} characters");
        }

        // The identical call is the question how far it is: the same refund number refunds once.
        var answer = await _gateway.PostAsync(
            profile!, WeChatPaths.Refunds, WeChatContent.Refund(request, profile!), cancellation);
        var result = answer.ToChannelAnswer(WeChatCall.Refund);
        if (result.Result != ChannelResult.Done)
        {
            return result;
        }

        var refund = WeChatTrades.ReadRefund(answer.Fields, "status", out _);
        if (refund is null || refund.Number != request.Payment.Number || refund.RefundNumber != request.RefundNumber)
        {
            return Unreadable();
        }

        if (refund.AmountMinor != request.AmountMinor)
        {
            return OfAnotherAmount();
        }

        return refund.Done switch
        {
            true => result with { Trade = refund.Trade },
            false => Refuse(
                "REFUND_" + refund.Status,
                "the refund will not be done under this number; look at it on the merchant platform"),
            null => new ChannelAnswer(ChannelResult.Unknown, Code: "REFUND_PROCESSING"),
        };
    }

    public NotificationCheck Verify(
        ReadOnlyMemory<byte> body, IReadOnlyDictionary<string, string> headers, DateTimeOffset arrivedAt) =>
        WeChatNotification.Verify(_profiles, body, headers, arrivedAt);

    /// <summary>200 acknowledges; 4xx and 5xx with a code do not, and WeChat Pay sends again.</summary>
    public NotificationReply Reply(NotificationOutcome outcome) => outcome switch
    {
        NotificationOutcome.Stored => new(200, JsonType, """{"code":"SUCCESS","message":"成功"}"""),
        NotificationOutcome.Refused => new(400, JsonType, """{"code":"FAIL","message":"未通过验证"}"""),
        NotificationOutcome.NotStored => new(503, JsonType, """{"code":"FAIL","message":"失败"}"""),
        _ => throw new ArgumentOutOfRangeException(nameof(outcome), outcome, "Unknown outcome."),
    };

    public void Dispose() => _gateway.Dispose();

    private ChannelAnswer? Check(PaymentRequest request, out WeChatProfile? profile)
    {
        profile = _profiles.FirstOrDefault(one => one.Name == request.Profile);
        if (profile is null)
        {
            return Refuse("PROFILE_UNKNOWN", "the order's merchant profile is no longer among the settings");
        }

        if (request.Currency != WeChatTrades.Currency)
        {
            return Refuse("CURRENCY_INVALID", "this channel takes CNY only");
        }

        if (!WeChatText.IsNumber(request.Number))
        {
            return Refuse("NUMBER_INVALID", "a number has 6 to 32 letters, digits, _, -, | and *");
        }

        return request.AmountMinor is <= 0 or > WeChatText.LargestMinor
            ? Refuse("AMOUNT_INVALID", $"an amount is 1 to {WeChatText.LargestMinor} fen")
            : null;
    }

    /// <summary>The code's text is the provider's own affair, as long as a page may show it as a link.</summary>
    private static bool IsLink(string? link) =>
        link is { Length: <= LinkLimit } && Uri.TryCreate(link, UriKind.Absolute, out var url)
        && (url.Scheme == "weixin" || url.Scheme == Uri.UriSchemeHttps || url.Scheme == Uri.UriSchemeHttp);
}
