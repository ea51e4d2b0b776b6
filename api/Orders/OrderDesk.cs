using System.Threading.Channels;
using CardShop.Api.Tables;
using CardShop.Pipeline;
using CardShop.Shop.Orders;

namespace CardShop.Api.Orders;

/// <summary>
/// Shows orders. Reads of one moment share one statement, however many buyers ask: the database's work does not grow
/// with the number of open pages. While the database is away, what the token says is shown.
/// </summary>
/// <param name="region">Whose orders are known here; of another region's only what the token says is shown.</param>
public sealed class OrderDesk(
    ShopTables tables, OrderReader? reader, char region, string? publicUrl, TimeProvider time, ILogger<OrderDesk> logger)
    : BackgroundService
{
    private const int MaxBatch = 500;
    private static readonly TimeSpan AwayFor = TimeSpan.FromSeconds(1);

    private readonly Channel<Question> _questions = Channel.CreateBounded<Question>(20_000);
    private DateTimeOffset _awayUntil;
    private volatile bool _isWarm;

    /// <summary>True once the database has been asked for the first time, whatever came of it.</summary>
    public bool IsWarm => _isWarm;

    /// <returns>Null when there is no such order (only possible for a token without an offset).</returns>
    public async Task<OrderView?> ShowAsync(string orderId, OrderToken token, CancellationToken cancellation)
    {
        // Another region's are not here: nobody is asked for them.
        var (stored, degraded) = orderId[0] == region ? await FindAsync(orderId, cancellation) : (null, true);
        return View(orderId, token, stored, degraded);
    }

    /// <summary>An order as its buyer sees it, from what is known of it.</summary>
    public OrderView? View(string orderId, OrderToken token, StoredOrder? stored, bool degraded)
    {
        if (orderId[0] != region)
        {
            return new(orderId, token.Sku, "queued", Degraded: true);
        }

        var place = token.Offset < 0 ? null : tables.PlaceOf(token.Partition, token.Offset);
        return degraded
            ? new(orderId, token.Sku, "queued", Degraded: true, Queue: place)
            : OrderViews.Of(orderId, token, stored, place, publicUrl);
    }

    /// <returns>The order, null where there is none; and whether the database is away, so that nobody knows.</returns>
    public async Task<(StoredOrder? Order, bool Degraded)> FindAsync(string orderId, CancellationToken cancellation)
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

        return (stored, degraded);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var batch = new List<Question>(MaxBatch);
        try
        {
            // The first question takes the longest: it connects and compiles. A buyer does not wait for that, nor do the
            // hundred behind him, when an instance is put in the place of another one.
            await AnswerAsync([new(string.Empty)], stoppingToken);
            _isWarm = true;
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

            var (orders, unreadable) = await reader.ReadAsync(batch.Select(q => q.OrderId).ToHashSet(), cancellation);
            foreach (var question in batch)
            {
                if (unreadable.Contains(question.OrderId))
                {
                    ApiLog.Unreadable(logger, question.OrderId);
                    question.TrySetException(new PlaceException("The order cannot be read here"));
                }
                else
                {
                    question.TrySetResult(orders.GetValueOrDefault(question.OrderId));
                }
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

    private sealed class Question(string orderId)
        : TaskCompletionSource<StoredOrder?>(TaskCreationOptions.RunContinuationsAsynchronously)
    {
        public string OrderId => orderId;
    }
}
