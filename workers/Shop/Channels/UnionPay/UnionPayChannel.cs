using static CardShop.Shop.Channels.ChannelAnswers;

namespace CardShop.Shop.Channels.UnionPay;

/// <summary>
/// UnionPay's online gateway, ACP 5.1.0: QR codes or UnionPay's page, query and refund; RSA with certificates.
/// <para>
/// Closing. UnionPay has no call for it: a trade ends at its payTimeout, which is the payment's own limit. So a close
/// looks: paid is <see cref="ChannelResult.WrongState"/> with the trade; unpaid after payTimeout is done; unpaid before
/// it is <see cref="ChannelResult.Unknown"/> (code <see cref="StillOpen"/>), for nothing can close it, and to claim
/// otherwise would end the saga's questions while the buyer can still pay. The saga closes it again at payTimeout; money
/// that arrives until then is recorded, and delivered or refunded.
/// </para>
/// <para>
/// Repeats. Every call carries the saved time of its payment or refund, so its repeat is the same byte for byte. A number
/// that was taken before is answered with 12: a query then tells what came of it. The QR code of a create whose answer
/// was lost cannot be had again under its number, so the saga opens another; UnionPay's page has no such gap, for its
/// link is made here.
/// </para>
/// </summary>
public sealed class UnionPayChannel : IPaymentChannel, IDisposable
{
    /// <summary>The code of a close that came before payTimeout.</summary>
    public const string StillOpen = ChannelCodes.StillOpen;

    // A page's link holds the whole signed form: a signature and addresses, percent-encoded.
    private const int LinkLimit = 4096;
    private const string Currency = "CNY";
    private const string RepeatedRefund = "45";

    private readonly IReadOnlyList<UnionPayProfile> _profiles;
    private readonly UnionPayGateway _gateway;
    private readonly TimeProvider _clock;

    /// <summary>Loads keys and certificates and checks settings; throws <see cref="ChannelSettingsException"/>.</summary>
    /// <param name="handler">Stands in for the network in tests; else one with the timeouts of the options.</param>
    public UnionPayChannel(UnionPayOptions options, TimeProvider clock, HttpMessageHandler? handler = null)
    {
        _profiles = UnionPayProfile.LoadAll(options);
        _clock = clock;
        var useProxy = !_profiles.All(one => one.Back.IsLoopback);
        _gateway = new UnionPayGateway(options, useProxy, clock, handler);
    }

    public string Name => "unionpay";

    public bool WritesLinks(string profile) => _profiles.Any(one => one.IsPage && one.Name == profile);

    public async Task<ChannelAnswer> CreateAsync(PaymentRequest request, CancellationToken cancellation)
    {
        if (Check(request, out var profile) is { } refusal)
        {
            return refusal;
        }

        if (IsOver(request))
        {
            return Expired();
        }

        if (profile!.IsPage)
        {
            var link = UnionPayPage.Link(profile.Front, UnionPayRequests.Page(profile, request));
            return link.Length <= LinkLimit
                ? new ChannelAnswer(ChannelResult.Done, link)
                : Refuse("LINK_TOO_LONG", $"the page's link has more than {LinkLimit} characters; shorten FrontUrl or NotifyUrl");
        }

        var answer = await _gateway.CallAsync(
            profile, profile.Back, UnionPayRequests.Qr(profile, request), cancellation);
        var result = answer.ToChannelAnswer(UnionPayCall.Create);
        if (result.Result != ChannelResult.Done)
        {
            return result.Result == ChannelResult.Refused && IsOver(request) ? Expired() : result;
        }

        var code = answer.Text("qrCode");
        return IsLink(code) ? result with { Link = code, Qr = code } : Unreadable();
    }

    public async Task<ChannelAnswer> QueryAsync(PaymentRequest request, CancellationToken cancellation)
    {
        if (Check(request, out var profile) is { } refusal)
        {
            return refusal;
        }

        var isOver = IsOver(request); // before the call: what is paid meanwhile must not look closed
        var answer = await _gateway.CallAsync(
            profile!, profile!.Query, UnionPayRequests.Query(profile, request.Number, request.OpenedAt), cancellation);
        var result = answer.ToChannelAnswer(UnionPayCall.Query);
        if (result.Result != ChannelResult.Done)
        {
            return result;
        }

        if (UnionPayTrades.FromQuery(answer, request, isOver) is { } trade)
        {
            return result with { Trade = trade, Code = OriginalCode(answer) };
        }

        return UnionPayCodes.TradeStateOf(answer.Text("origRespCode")) == UnionPayTradeState.Unknown
            ? result with { Result = ChannelResult.Unknown, Code = OriginalCode(answer) }
            : Unreadable();
    }

    public async Task<ChannelAnswer> CloseAsync(PaymentRequest request, CancellationToken cancellation)
    {
        var isOver = IsOver(request);
        var answer = await QueryAsync(request, cancellation);
        return answer switch
        {
            { Trade.Status: TradeStatus.Paid } => answer with { Result = ChannelResult.WrongState },
            { Trade.Status: TradeStatus.Closed } => answer,
            { Result: ChannelResult.NotFound } or { Trade.Status: TradeStatus.Waiting } => isOver
                ? answer with { Result = ChannelResult.Done }
                : answer with { Result = ChannelResult.Unknown, Code = StillOpen },
            _ => answer,
        };
    }

    public async Task<ChannelAnswer> RefundAsync(RefundRequest request, CancellationToken cancellation)
    {
        if (CheckRefund(request, out var profile) is { } refusal)
        {
            return refusal;
        }

        var original = request.TradeNo;
        if (string.IsNullOrEmpty(original))
        {
            var payment = await QueryAsync(request.Payment, cancellation);
            if (payment.Trade is not { Status: TradeStatus.Paid, TradeNo: { } found })
            {
                return payment.Result == ChannelResult.Done
                    ? payment with { Result = ChannelResult.WrongState }
                    : payment;
            }

            original = found;
        }

        var answer = await _gateway.CallAsync(
            profile!, profile!.Back, UnionPayRequests.Refund(profile, request, original), cancellation);

        // Success is no more than that the refund was taken in, and 12 and 45 say that one was before: look.
        return answer.Failure is null
            && UnionPayCodes.MeaningOf(answer.Code) is UnionPayMeaning.Done or UnionPayMeaning.AlreadyDone
            ? await LookAtRefundAsync(profile, request, answer.Code!, cancellation)
            : answer.ToChannelAnswer(UnionPayCall.Refund);
    }

    public NotificationCheck Verify(
        ReadOnlyMemory<byte> body, IReadOnlyDictionary<string, string> headers, DateTimeOffset arrivedAt) =>
        UnionPayNotification.Verify(_profiles, body.Span, arrivedAt);

    /// <summary>UnionPay reads the status alone; 200 ends its repeats.</summary>
    public NotificationReply Reply(NotificationOutcome outcome) => outcome switch
    {
        NotificationOutcome.Stored => new(200, "text/plain", "ok"),
        NotificationOutcome.Refused => new(400, "text/plain", "failure"),
        NotificationOutcome.NotStored => new(503, "text/plain", "failure"),
        _ => throw new ArgumentOutOfRangeException(nameof(outcome), outcome, "Unknown outcome."),
    };

    public void Dispose() => _gateway.Dispose();

    private async Task<ChannelAnswer> LookAtRefundAsync(
        UnionPayProfile profile, RefundRequest request, string asked, CancellationToken cancellation)
    {
        var answer = await _gateway.CallAsync(
            profile, profile.Query, UnionPayRequests.Query(profile, request.RefundNumber, request.AskedAt), cancellation);
        var result = answer.ToChannelAnswer(UnionPayCall.Query);
        if (result.Result != ChannelResult.Done)
        {
            // Refunded before, and not under this number: by somebody else. Any other answer here proves nothing.
            return result.Result == ChannelResult.NotFound && asked == RepeatedRefund
                ? Refuse(RepeatedRefund, "the payment was refunded or cancelled under another number")
                : result with { Result = ChannelResult.Unknown };
        }

        if (answer.Text("orderId") != request.RefundNumber
            || !UnionPayText.TryFen(answer.Text("txnAmt"), out var refunded))
        {
            return Unreadable();
        }

        if (refunded != request.AmountMinor)
        {
            return OfAnotherAmount();
        }

        result = result with { Code = OriginalCode(answer), Message = UnionPayAnswer.Shorten(answer.Text("origRespMsg"), 200) };
        return UnionPayCodes.TradeStateOf(answer.Text("origRespCode")) switch
        {
            UnionPayTradeState.Succeeded => result,
            UnionPayTradeState.Waiting or UnionPayTradeState.Unknown => result with { Result = ChannelResult.Unknown },
            UnionPayTradeState.Returned or UnionPayTradeState.Failed => result with { Result = ChannelResult.Refused },
            _ => throw new InvalidOperationException(),
        };
    }

    private ChannelAnswer? CheckRefund(RefundRequest request, out UnionPayProfile? profile)
    {
        if (Check(request.Payment, out profile) is { } refusal)
        {
            return refusal;
        }

        if (!UnionPayText.IsNumber(request.RefundNumber))
        {
            return Refuse("NUMBER_INVALID", "a refund number is 8 to 40 letters and digits");
        }

        return request.AmountMinor <= 0 || request.AmountMinor > request.Payment.AmountMinor
            ? Refuse("AMOUNT_INVALID", "a refund is more than zero and at most what was paid")
            : null;
    }

    private ChannelAnswer? Check(PaymentRequest request, out UnionPayProfile? profile)
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

        if (!UnionPayText.IsNumber(request.Number))
        {
            return Refuse("NUMBER_INVALID", "a payment's number is 8 to 40 letters and digits");
        }

        return request.AmountMinor is <= 0 or > UnionPayText.LargestMinor
            ? Refuse("AMOUNT_INVALID", "an amount is 0.01 to 9999999999.99")
            : null;
    }

    private bool IsOver(PaymentRequest request) => request.ExpiresAt <= _clock.GetUtcNow();

    private static bool IsLink(string? link) =>
        link is { Length: <= LinkLimit } && Uri.TryCreate(link, UriKind.Absolute, out var url)
        && (url.Scheme == Uri.UriSchemeHttps || url.Scheme == Uri.UriSchemeHttp);

    private static string? OriginalCode(UnionPayAnswer answer) => UnionPayAnswer.Shorten(answer.Text("origRespCode"), 64);
}
