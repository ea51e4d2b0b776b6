using CardShop.Contracts;
using CardShop.Shop.Channels;
using CardShop.Shop.Orders;
using CardShop.Shop.Stock;

namespace CardShop.Shop.Payments;

/// <summary>
/// The payment saga: reserved → awaiting-payment → paid → (refunding → refunded), or sold-out, refused, expired,
/// cancelled, review. Pure: state, message, facts and time in; state and messages out.
/// Two guards make repeats no-ops: is the state past it, and is it recorded already. Money is always recorded.
/// </summary>
public static class PaymentDecider
{
    private const int MaxCloseTries = 10;

    public static Decision Decide(OrderCase order, PaymentMessage message, Facts facts, DateTimeOffset now)
    {
        var decision = message switch
        {
            PaymentMessage.Placed m => Placed(order, m.Order, facts, now),
            PaymentMessage.Cancel m => Cancel(order, m.Request),
            PaymentMessage.Notified m => NotificationDecider.Notified(order, m.Notification, facts, now),
            PaymentMessage.Requested m => Requested(order, m, facts, now),
            PaymentMessage.Checked m => Checked(order, m, facts, now),
            PaymentMessage.CloseAnswered m => Closed(order, m, now),
            PaymentMessage.RefundAnswered m => RefundDecider.Answered(order, m, now),
            PaymentMessage.Due => Due(order, facts, now),
            PaymentMessage.Unneeded => Decision.NoChange(order),
            _ => throw new ArgumentOutOfRangeException(nameof(message), message.GetType(), "Unknown message."),
        };
        return Watched(order, decision, facts, now).Stamped(order);
    }

    /// <summary>
    /// What a saga needs done now: the command that starts, resumes and repairs it alike. Null where nothing is to do.
    /// </summary>
    public static object? NextAction(PaymentSaga saga, DateTimeOffset now)
    {
        var open = saga.Status is PaymentStatus.Reserved or PaymentStatus.AwaitingPayment;
        var attempt = saga.Attempts is [.., var last] ? last : null;
        if (open && attempt is not null && now >= attempt.ExpiresAt)
        {
            return new ClosePayment(saga.Id, attempt.Number, 0);
        }

        if (RefundDecider.NextRefund(saga) is { } refund)
        {
            return refund;
        }

        if (ClaimDecider.Open(saga) is { } claim)
        {
            return new CheckPayment(saga.Id, claim.Number, 0);
        }

        if (open && attempt is not null)
        {
            return attempt.Link is null
                ? new RequestPayment(saga.Id, attempt.Number, 0)
                : new CheckPayment(saga.Id, attempt.Number, 0);
        }

        // Cancelled, but the buyer could still pay: until the provider has closed the trade, or its own limit does.
        return saga.Status == PaymentStatus.Cancelled && attempt is { Closed: false } && now < attempt.ExpiresAt
            && saga.CheckTries < MaxCloseTries
            ? new ClosePayment(saga.Id, attempt.Number, 0)
            : null;
    }

    /// <summary>Whatever a decision leaves to be done has a due time: a lost command is found by the watchdog.</summary>
    private static Decision Watched(OrderCase before, Decision decision, Facts facts, DateTimeOffset now) =>
        decision.Case.Payment is { Due: null } saga && !ReferenceEquals(saga, before.Payment) && NextAction(saga, now) is not null
            ? decision with
            {
                Case = decision.Case with { Payment = saga with { Due = now + facts.Settings.ResendAfter } },
            }
            : decision;

    private static Decision Placed(OrderCase order, OrderPlaced placed, Facts facts, DateTimeOffset now)
    {
        if (order.Payment is { Order: not null })
        {
            return Decision.NoChange(order);
        }

        if (order.Payment is { } tombstone)
        {
            // A cancel or a notification came first: what they decided stands.
            return new(order with { Payment = tombstone with { Order = placed } }, []);
        }

        var attempt = new PaymentAttempt(
            OrderIds.ProviderNumber(placed.OrderId, 1), placed.Channel, facts.Settings.Profile, placed.Amount, placed.Currency,
            placed.ProductName, now, now + TimeSpan.FromSeconds(placed.HoldSeconds));
        var saga = new PaymentSaga(
            placed.OrderId, PaymentStatus.Reserved, placed, Reserved: placed.Hold == HoldPolicy.Order, [attempt], [], [],
            Earlier(now + facts.Settings.ResendAfter, attempt.ExpiresAt));
        if (facts.Available < placed.Quantity)
        {
            saga = saga with { Status = PaymentStatus.SoldOut, Reserved = false, Attempts = [], Due = null };
            return new(order with { Payment = saga }, [new SagaFact()]);
        }

        return new(
            order with { Payment = saga },
            [new RequestPayment(saga.Id, attempt.Number, 0), new SagaFact()],
            saga.Reserved ? StockDelta.Hold(placed.Quantity) : default);
    }

    private static Decision Cancel(OrderCase order, OrderCancelRequested request)
    {
        if (order.Payment is not { } saga)
        {
            return new(
                order with
                {
                    Payment = new(request.OrderId, PaymentStatus.Cancelled, null, false, [], [], [], null),
                },
                []);
        }

        if (saga.Status is not (PaymentStatus.Reserved or PaymentStatus.AwaitingPayment))
        {
            return Decision.NoChange(order);
        }

        // A payment that is under way all the same is recorded when it arrives, and delivered or refunded.
        return new(
            order with
            {
                Payment = saga with
                {
                    Status = PaymentStatus.Cancelled,
                    Reserved = false,
                    Due = null,
                    CheckTries = 0,
                },
            },
            [new ClosePayment(saga.Id, saga.Attempts[^1].Number, 0)],
            Release(saga));
    }

    private static Decision Requested(
        OrderCase order, PaymentMessage.Requested message, Facts facts, DateTimeOffset now)
    {
        if (order.Payment is not { Status: PaymentStatus.Reserved } saga
            || saga.Attempts is not [.., var attempt] || attempt.Number != message.Number)
        {
            return Decision.NoChange(order);
        }

        switch (message.Answer)
        {
            case { Result: ChannelResult.Done, Link: { } link }:
                return Changed(
                    order,
                    saga with
                    {
                        Status = PaymentStatus.AwaitingPayment,
                        Attempts = [.. saga.Attempts.SkipLast(1), attempt with { Link = link }],
                        Due = Earlier(now + facts.Settings.CheckEvery, attempt.ExpiresAt),
                        CheckTries = 0,
                    });
            case { Result: ChannelResult.WrongState }:
                return Changed(order, TryAgain(saga, now), new CheckPayment(saga.Id, attempt.Number, 0));
            case { Result: ChannelResult.Refused } answer:
                return new(
                    order with
                    {
                        Payment = saga with
                        {
                            Status = PaymentStatus.Review,
                            Reserved = false,
                            Due = null,
                            Reason = $"{attempt.Channel} refused the payment request: {answer.Code}",
                        },
                    },
                    [new SagaFact()],
                    Release(saga));
            default:
                return Changed(order, TryAgain(saga, now));
        }
    }

    private static Decision Checked(OrderCase order, PaymentMessage.Checked message, Facts facts, DateTimeOffset now)
    {
        if (order.Payment is not { Order: not null } saga)
        {
            return Decision.NoChange(order);
        }

        var answer = message.Answer;
        if (answer.Trade is { Status: TradeStatus.Paid } trade)
        {
            var payment = new ReceivedPayment(
                message.Number, trade.TradeNo, trade.AmountMinor, trade.PaidAt ?? now, "query", PaymentUse.Order);
            if (saga.Payments.Any(p => p.Number == payment.Number))
            {
                return Decision.NoChange(order);
            }

            var received = MoneyDecider.Received(order, payment, trade.Currency, facts, now);
            return received.Sends.OfType<SagaFact>().Any()
                ? received
                : received with { Sends = [.. received.Sends, new SagaFact()] };
        }

        if (ClaimDecider.Unconfirmed(order, message, now) is { } unconfirmed)
        {
            return unconfirmed;
        }

        if (saga.Status is not (PaymentStatus.Reserved or PaymentStatus.AwaitingPayment)
            || saga.Attempts[^1].Number != message.Number)
        {
            return Decision.NoChange(order);
        }

        return answer switch
        {
            { Trade.Status: TradeStatus.Closed } => Expire(order, saga, now),
            { Result: ChannelResult.Unknown or ChannelResult.Refused } => Changed(order, TryAgain(saga, now)),
            _ when now >= saga.Attempts[^1].ExpiresAt => Changed(order, TryAgain(saga, now)),
            _ => Changed(
                order,
                saga with
                {
                    Due = Earlier(now + facts.Settings.CheckEvery, saga.Attempts[^1].ExpiresAt),
                    CheckTries = 0,
                }),
        };
    }

    private static Decision Closed(OrderCase order, PaymentMessage.CloseAnswered message, DateTimeOffset now)
    {
        if (order.Payment is not { } saga || saga.Attempts is not [.., var attempt] || attempt.Number != message.Number
            || attempt.Closed)
        {
            return Decision.NoChange(order);
        }

        if (message.Answer.Result is ChannelResult.WrongState)
        {
            return Unclosable(order, saga, attempt);
        }

        var closed = message.Answer.Result is ChannelResult.Done or ChannelResult.NotFound;
        if (closed)
        {
            saga = saga with { Attempts = [.. saga.Attempts.SkipLast(1), attempt with { Closed = true }] };
        }

        if (saga.Status is not (PaymentStatus.Reserved or PaymentStatus.AwaitingPayment))
        {
            return closed && saga.Status == PaymentStatus.Cancelled ? Changed(order, saga with { Due = null })
                : closed ? Changed(order, saga)
                : saga.Status != PaymentStatus.Cancelled ? Decision.NoChange(order)
                : saga.CheckTries + 1 < MaxCloseTries ? Changed(order, TryAgain(saga, now))
                : Changed(order, saga with { CheckTries = saga.CheckTries + 1, Due = null });
        }

        // A provider that does not answer cannot hold the stock for ever: a late payment is recorded all the same.
        return closed || saga.CheckTries >= MaxCloseTries
            ? Expire(order, saga, now)
            : Changed(order, TryAgain(saga, now));
    }

    /// <summary>
    /// What cannot be closed may be paid: the provider is asked. One that says neither, again and again, must not hold
    /// the stock for ever.
    /// </summary>
    private static Decision Unclosable(OrderCase order, PaymentSaga saga, PaymentAttempt attempt)
    {
        var check = new CheckPayment(saga.Id, attempt.Number, 0);
        if (saga.Status is not (PaymentStatus.Reserved or PaymentStatus.AwaitingPayment))
        {
            return new(order, [check]);
        }

        return saga.CheckTries < 2 * MaxCloseTries
            ? Changed(order, saga with { CheckTries = saga.CheckTries + 1 }, check)
            : new(
                order with
                {
                    Payment = saga with
                    {
                        Status = PaymentStatus.Review,
                        Reserved = false,
                        Due = null,
                        Reason = $"{attempt.Channel} neither closes the trade nor says that it is paid",
                    },
                },
                [new SagaFact()],
                Release(saga));
    }

    private static Decision Due(OrderCase order, Facts facts, DateTimeOffset now)
    {
        if (order.Payment is not { Due: { } due } saga || due > now)
        {
            return Decision.NoChange(order);
        }

        return NextAction(saga, now) is { } action
            ? Changed(order, saga with { Due = now + facts.Settings.ResendAfter }, action)
            : Changed(order, saga with { Due = null });
    }

    private static Decision Expire(OrderCase order, PaymentSaga saga, DateTimeOffset now)
    {
        var placed = saga.Order!;
        return new(
            order with { Payment = saga with { Status = PaymentStatus.Expired, Reserved = false, Due = null } },
            [new OrderExpired(saga.Id, placed.Sku, placed.Quantity, now, 0), new SagaFact()],
            Release(saga));
    }

    private static StockDelta Release(PaymentSaga saga) =>
        saga is { Reserved: true, Order: { } placed } ? StockDelta.ReleaseHeld(placed.Quantity) : default;

    /// <summary>1, 2, 4 … 32 s: the wait after an answer that proves nothing.</summary>
    private static PaymentSaga TryAgain(PaymentSaga saga, DateTimeOffset now) => saga with
    {
        CheckTries = saga.CheckTries + 1,
        Due = now + TimeSpan.FromSeconds(1 << Math.Min(saga.CheckTries, 5)),
    };

    internal static Decision Changed(OrderCase order, PaymentSaga saga, params object[] sends) =>
        new(order with { Payment = saga }, sends);

    private static DateTimeOffset Earlier(DateTimeOffset a, DateTimeOffset b) => a < b ? a : b;
}
