using System.Threading.Channels;
using CardShop.Api.Tables;
using CardShop.Contracts;
using CardShop.Pipeline;
using CardShop.Shop.Orders;

namespace CardShop.Api.Orders;

/// <summary>
/// Shows orders. Reads of one moment share one statement, however many buyers ask: the database's work does not grow
/// with the number of open pages. While the database is away, what the token says is shown.
/// </summary>
public sealed class OrderDesk(ShopTables tables, OrderReader? reader, TimeProvider time, ILogger<OrderDesk> logger)
    : BackgroundService
{
    private const int MaxBatch = 500;
    private static readonly TimeSpan AwayFor = TimeSpan.FromSeconds(1);

    private readonly Channel<Question> _questions = Channel.CreateBounded<Question>(20_000);
    private DateTimeOffset _awayUntil;

    /// <returns>Null when there is no such order (only possible for a token without an offset).</returns>
    public async Task<OrderView?> ShowAsync(string orderId, OrderToken token, CancellationToken cancellation)
    {
        var question = new Question(orderId);
        StoredOrder? stored = null;
        var degraded = !_questions.Writer.TryWrite(question);
        if (!degraded)
        {
            try
            {
                stored = await question.Task.WaitAsync(TimeSpan.FromSeconds(4), time, cancellation);
            }
            catch (Exception e) when (Failures.IsPlace(e) && !cancellation.IsCancellationRequested)
            {
                degraded = true;
            }
        }

        return View(orderId, token, stored, degraded);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var batch = new List<Question>(MaxBatch);
        try
        {
            while (await _questions.Reader.WaitToReadAsync(stoppingToken))
            {
                while (batch.Count < MaxBatch && _questions.Reader.TryRead(out var question))
                {
                    batch.Add(question);
                }

                await AnswerAsync(batch, stoppingToken);
                batch.Clear();
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The process ends.
        }
    }

    private async Task AnswerAsync(List<Question> batch, CancellationToken cancellation)
    {
        try
        {
            if (reader is null || time.GetUtcNow() < _awayUntil)
            {
                throw new PlaceException("the database is away");
            }

            var orders = await reader.ReadAsync(batch.Select(q => q.OrderId).ToHashSet(), cancellation);
            foreach (var question in batch)
            {
                question.TrySetResult(orders.GetValueOrDefault(question.OrderId));
            }
        }
#pragma warning disable CA1031 // Every question is answered, by an exception where there is nothing else: no page hangs.
        catch (Exception e)
#pragma warning restore CA1031
        {
            if (time.GetUtcNow() >= _awayUntil)
            {
                ApiLog.Degraded(logger, e.Message);
                _awayUntil = time.GetUtcNow() + AwayFor;
            }

            foreach (var question in batch)
            {
                question.TrySetException(new PlaceException("The order cannot be read now", e));
            }
        }
    }

    private OrderView? View(string orderId, OrderToken token, StoredOrder? stored, bool degraded)
    {
        var place = token.Offset < 0 ? null : tables.PlaceOf(token.Partition, token.Offset);
        if (degraded)
        {
            return new(orderId, token.Sku, "queued", Degraded: true, Queue: place);
        }

        if (stored is not { Payment.Order: { } order })
        {
            // A tombstone of a cancel that came first is not an order yet.
            return stored is null && token.Offset < 0 ? null
                : stored is { Payment.Status: PaymentStatus.Review } ? new(orderId, token.Sku, "review")
                : new(orderId, token.Sku, "queued", Queue: place ?? new(0, 0));
        }

        var status = StatusOf(stored);
        var view = new OrderView(
            orderId, order.Sku, status, order.Quantity, new(order.Currency, order.Amount), order.AcceptedAt);
        return status switch
        {
            "queued" => view with { Queue = place ?? new(0, 0) },
            // A link of Alipay is the text of its code; the other channels say theirs.
            "awaiting-payment" when stored.Payment.Attempts is [.., { Link: { } link } attempt] => view with
            {
                Payment = new(attempt.Channel, link, attempt.Qr ?? (attempt.Channel == "alipay" ? link : null), attempt.ExpiresAt),
            },
            "delivered" => view with
            {
                Delivery = new(
                    stored.Delivery!.DeliveredAt!.Value, [.. stored.Keys!.Select(k => new KeyView(k.Number, k.Secret))]),
            },
            _ => view,
        };
    }

    /// <summary>What the two sagas come to for the buyer.</summary>
    private static string StatusOf(StoredOrder stored) => stored.Payment.Status switch
    {
        PaymentStatus.Reserved => "queued",
        PaymentStatus.AwaitingPayment => "awaiting-payment",
        PaymentStatus.Paid when stored.Keys is not null => "delivered",
        PaymentStatus.Paid when stored.Delivery is { Status: DeliveryStatus.Review or DeliveryStatus.Failed } => "review",
        PaymentStatus.Paid => "paid",
        PaymentStatus.Refunding => "refunding",
        PaymentStatus.Refunded => "refunded",
        PaymentStatus.SoldOut => "sold-out",
        PaymentStatus.Refused => "refused",
        PaymentStatus.Expired => "expired",
        PaymentStatus.Cancelled => "cancelled",
        PaymentStatus.Review when stored.Keys is not null => "delivered",
        PaymentStatus.Review => "review",
        _ => throw new ArgumentOutOfRangeException(nameof(stored), stored.Payment.Status, "Unknown status."),
    };

    private sealed class Question(string orderId)
        : TaskCompletionSource<StoredOrder?>(TaskCreationOptions.RunContinuationsAsynchronously)
    {
        public string OrderId => orderId;
    }
}
