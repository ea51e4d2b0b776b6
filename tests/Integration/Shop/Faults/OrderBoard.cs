using System.Text.Json;
using CardShop.Contracts;

namespace CardShop.Tests.Integration.Shop.Faults;

/// <summary>An order's two documents.</summary>
public sealed record OrderState(PaymentSaga Payment, DeliverySaga? Delivery)
{
    /// <summary>Nothing is left to be asked of anybody.</summary>
    public bool IsQuiet => Payment.Due is null && Delivery?.Due is null;
}

/// <summary>All orders of a shop, read again and again by one statement, and who waits for what of them.</summary>
public sealed class OrderBoard : IAsyncDisposable
{
    private static readonly TimeSpan Every = TimeSpan.FromMilliseconds(150);

    private readonly RunningShop _shop;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _run;
    private volatile Page _page = new([]);

    public OrderBoard(RunningShop shop)
    {
        _shop = shop;
        _run = RunAsync();
    }

    public OrderState? Find(string orderId) => _page.Orders.GetValueOrDefault(orderId);

    /// <summary>Waits for a fact about one order.</summary>
    public async Task<OrderState> UntilAsync(string orderId, Func<OrderState, bool> fact, string what, TimeSpan deadline)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        limit.CancelAfter(deadline);
        while (true)
        {
            var page = _page;
            if (page.Orders.TryGetValue(orderId, out var order) && fact(order))
            {
                return order;
            }

            try
            {
                await page.Next.Task.WaitAsync(limit.Token);
            }
            catch (OperationCanceledException)
            {
                throw new TimeoutException($"It did not come about that order {orderId} {what}; it is {order?.Payment.Status}");
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _run;
        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        using var timer = new PeriodicTimer(Every);
        try
        {
            do
            {
                var next = new Page(await ReadAsync(_stop.Token));
                var last = _page;
                _page = next;
                last.Next.TrySetResult();
            }
            while (await timer.WaitForNextTickAsync(_stop.Token));
        }
        catch (OperationCanceledException)
        {
            // The end.
        }
    }

    private async Task<Dictionary<string, OrderState>> ReadAsync(CancellationToken cancellation)
    {
        await using var command = _shop.Database.CreateCommand(
            """
            SELECT p.data, d.data FROM shop.mt_doc_paymentsaga p LEFT JOIN shop.mt_doc_deliverysaga d ON d.id = p.id
            """);
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var orders = new Dictionary<string, OrderState>();
        while (await reader.ReadAsync(cancellation))
        {
            var payment = JsonSerializer.Deserialize(
                await reader.GetFieldValueAsync<byte[]>(0, cancellation), ContractsJson.Default.PaymentSaga)!;
            var delivery = await reader.IsDBNullAsync(1, cancellation)
                ? null
                : JsonSerializer.Deserialize(
                    await reader.GetFieldValueAsync<byte[]>(1, cancellation), ContractsJson.Default.DeliverySaga);
            orders[payment.Id] = new(payment, delivery);
        }

        return orders;
    }

    private sealed record Page(Dictionary<string, OrderState> Orders)
    {
        public TaskCompletionSource Next { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
