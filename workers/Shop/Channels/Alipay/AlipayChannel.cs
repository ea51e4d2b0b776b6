using static CardShop.Shop.Channels.ChannelAnswers;

namespace CardShop.Shop.Channels.Alipay;

/// <summary>
/// Alipay's open platform: QR payments (precreate) or Alipay's page (page.pay), query, close, refund; RSA2.
/// <para>
/// The page opens by an address that is signed here: no server is called, and a repeat is the same. Alipay knows its trade
/// once the buyer has come; until then nothing closes it but its time (code <see cref="ChannelCodes.StillOpen"/>).
/// </para>
/// <para>
/// Timestamps. A create is stamped with <see cref="PaymentRequest.OpenedAt"/>: its repeat is the same byte for byte.
/// Alipay tells repeats by <c>out_trade_no</c> (and <c>out_request_no</c>) and the content, never by the timestamp, of
/// which it documents the format alone; still, a query or refund may come days after the order was opened, so those
/// carry the time of the call and stay right should the gateway ever want fresh ones. Their content is identical.
/// </para>
/// </summary>
public sealed class AlipayChannel : IPaymentChannel, IDisposable
{
    private const int LinkLimit = 1024;

    // A page's link holds the whole signed request: a signature and two addresses, percent-encoded.
    private const int PageLinkLimit = 8192;
    private const string Currency = "CNY";

    private readonly IReadOnlyList<AlipayProfile> _profiles;
    private readonly AlipayGateway _gateway;
    private readonly TimeProvider _clock;

    /// <summary>Loads keys and checks settings; throws <see cref="ChannelSettingsException"/>.</summary>
    /// <param name="handler">Stands in for the network in tests; else one with the timeouts of the options.</param>
    /// <param name="use">For verifying alone no private key is read, and every call throws.</param>
    public AlipayChannel(
        AlipayOptions options, TimeProvider clock, HttpMessageHandler? handler = null, ChannelUse use = ChannelUse.Call)
    {
        _profiles = AlipayProfile.LoadAll(options, use);
        _clock = clock;
        var useProxy = !_profiles.All(one => one.Endpoint.IsLoopback);
        _gateway = new AlipayGateway(options, useProxy, clock, handler);
    }

    public string Name => "alipay";

    public bool WritesLinks(string profile) => _profiles.Any(one => one.IsPage && one.Name == profile);

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

        if (profile!.IsPage)
        {
            var page = AlipayGateway.PageLink(profile, request);
            return page.Length <= PageLinkLimit
                ? new ChannelAnswer(ChannelResult.Done, page)
                : Refuse("LINK_TOO_LONG", $"the page's link has more than {PageLinkLimit} characters; shorten ReturnUrl or NotifyUrl");
        }

        var answer = await _gateway.CallAsync(
            profile, AlipayMethods.Precreate, request.OpenedAt,
            AlipayContent.Precreate(request, profile.SellerId), cancellation);
        var result = answer.ToChannelAnswer(AlipayCall.Create);
        if (result.Result != ChannelResult.Done)
        {
            return result.Result == ChannelResult.Refused && request.ExpiresAt <= _clock.GetUtcNow()
                ? Expired()
                : result;
        }

        var link = answer.Text("qr_code");
        return answer.Text("out_trade_no") == request.Number && IsLink(link)
            ? result with { Link = link, Qr = link }
            : Unreadable();
    }

    public async Task<ChannelAnswer> QueryAsync(PaymentRequest request, CancellationToken cancellation)
    {
        if (Check(request, out var profile) is { } refusal)
        {
            return refusal;
        }

        var answer = await _gateway.CallAsync(
            profile!, AlipayMethods.Query, _clock.GetUtcNow(), AlipayContent.Trade(request), cancellation);
        var result = answer.ToChannelAnswer(AlipayCall.Query);
        if (result.Result != ChannelResult.Done)
        {
            return result;
        }

        return AlipayTrades.FromQuery(answer) is { } trade && trade.Number == request.Number
            ? result with { Trade = trade }
            : Unreadable();
    }

    public async Task<ChannelAnswer> CloseAsync(PaymentRequest request, CancellationToken cancellation)
    {
        if (Check(request, out var profile) is { } refusal)
        {
            return refusal;
        }

        var answer = await _gateway.CallAsync(
            profile!, AlipayMethods.Close, _clock.GetUtcNow(), AlipayContent.Trade(request), cancellation);
        var result = answer.ToChannelAnswer(AlipayCall.Close);
        return profile!.IsPage && result.Result == ChannelResult.NotFound && request.ExpiresAt > _clock.GetUtcNow()
            ? result with { Result = ChannelResult.Unknown, Code = ChannelCodes.StillOpen }
            : result;
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

        var answer = await _gateway.CallAsync(
            profile!, AlipayMethods.Refund, _clock.GetUtcNow(), AlipayContent.Refund(request), cancellation);
        var result = answer.ToChannelAnswer(AlipayCall.Refund);
        if (result.Result != ChannelResult.Done)
        {
            return result;
        }

        // fund_change=Y: this call moved the money. Anything else is a repeat or not settled yet: look.
        return answer.Text("fund_change") == "Y" && answer.Text("out_trade_no") == request.Payment.Number
            ? result with { Trade = AlipayTrades.FromRefund(answer, request) }
            : await LookAtRefundAsync(profile!, request, cancellation);
    }

    public NotificationCheck Verify(
        ReadOnlyMemory<byte> body, IReadOnlyDictionary<string, string> headers, DateTimeOffset arrivedAt) =>
        AlipayNotification.Verify(_profiles, body.Span);

    /// <summary>The seven characters <c>success</c>; anything else is a failure, and Alipay sends again.</summary>
    public NotificationReply Reply(NotificationOutcome outcome) => outcome switch
    {
        NotificationOutcome.Stored => new(200, "text/plain", "success"),
        NotificationOutcome.Refused => new(400, "text/plain", "failure"),
        NotificationOutcome.NotStored => new(503, "text/plain", "failure"),
        _ => throw new ArgumentOutOfRangeException(nameof(outcome), outcome, "Unknown outcome."),
    };

    public void Dispose() => _gateway.Dispose();

    private async Task<ChannelAnswer> LookAtRefundAsync(
        AlipayProfile profile, RefundRequest request, CancellationToken cancellation)
    {
        var answer = await _gateway.CallAsync(
            profile, AlipayMethods.RefundQuery, _clock.GetUtcNow(), AlipayContent.RefundQuery(request), cancellation);
        var result = answer.ToChannelAnswer(AlipayCall.Query);
        if (result.Result != ChannelResult.Done)
        {
            // The refund was accepted a moment ago, so no answer here proves that it was not done.
            return result with { Result = ChannelResult.Unknown };
        }

        if (answer.Text("out_request_no") != request.RefundNumber || answer.Text("refund_status") != "REFUND_SUCCESS")
        {
            return new ChannelAnswer(ChannelResult.Unknown, Code: "REFUND_PENDING");
        }

        return AlipayText.TryFen(answer.Text("refund_amount"), out var refunded) && refunded == request.AmountMinor
            ? result
            : OfAnotherAmount();
    }

    private ChannelAnswer? Check(PaymentRequest request, out AlipayProfile? profile)
    {
        profile = _profiles.FirstOrDefault(one => one.Name == request.Profile);
        if (profile is null)
        {
            return Refuse("PROFILE_UNKNOWN", "the order's merchant profile is no longer among the settings");
        }

        if (request.Currency != Currency)
        {
            return Refuse("CURRENCY_INVALID", "this channel takes CNY only");
        }

        return request.AmountMinor is <= 0 or > AlipayText.LargestMinor
            ? Refuse("AMOUNT_INVALID", "an amount is 0.01 to 100000000.00")
            : null;
    }

    private static bool IsLink(string? link) =>
        link is { Length: <= LinkLimit } && Uri.TryCreate(link, UriKind.Absolute, out var url)
        && (url.Scheme == Uri.UriSchemeHttps || url.Scheme == Uri.UriSchemeHttp);
}
