using System.Text;
using System.Text.Json;
using CardShop.Contracts;
using CardShop.Pipeline.Log;
using CardShop.Shop.Catalog;
using CardShop.Shop.Orders;
using CardShop.Tests.Integration.Shop.Faults;
using Xunit;

namespace CardShop.Tests.Integration.Shop.Recovery;

/// <summary>
/// Everything that moves money, keys and prices, half of it known to the backup: orders that are refunded for want of keys,
/// payments that only a query finds, second payments, expiries with late payment, a price change, a re-import, voids and a
/// rotation of the key-encryption key.
/// </summary>
internal sealed class LostWindow(Disaster disaster, int each)
{
    private readonly SandboxControl _sandbox = new(disaster.Shop);
    private readonly List<PlacedOrder> _scarce = [];
    private readonly List<PlacedOrder> _silent = [];
    private readonly List<PlacedOrder> _twice = [];
    private readonly List<PlacedOrder> _late = [];
    private readonly List<PlacedOrder> _open = [];

    private RunningShop Shop => disaster.Shop;

    public async Task PrepareAsync()
    {
        await Shop.AddProductAsync("PLAIN", keys: Disaster.Orders);
        await PlainAsync(Disaster.Orders / 2, Disaster.Orders / 2);
        // Nothing is held before it is paid, so there are more orders than keys.
        await Shop.AddProductAsync("SCARCE", keys: each, hold: HoldPolicy.Payment);
        await Shop.AddProductAsync("SILENT", keys: each);
        await Shop.AddProductAsync("TWICE", keys: each);
        await Shop.AddProductAsync("LATE", keys: each, holdSeconds: 3);
        await Shop.AddProductAsync("OPEN", keys: each);
        await Shop.AddProductAsync("VOID", keys: 40);
        await PlaceAsync(_scarce, "SCARCE", each);
        await PlaceAsync(_silent, "SILENT", each / 2);
        await PlaceAsync(_twice, "TWICE", each / 2);
        await PlaceAsync(_open, "OPEN", each / 2);
        await LinkedAsync([.. _scarce, .. _silent, .. _twice, .. _open]);
    }

    /// <summary>What the restored database will not know.</summary>
    public async Task LiveAsync()
    {
        await PlainAsync(Disaster.Orders - (Disaster.Orders / 2), Disaster.Orders);
        await PlaceAsync(_scarce, "SCARCE", each);
        await PlaceAsync(_silent, "SILENT", each - (each / 2));
        await PlaceAsync(_twice, "TWICE", each - (each / 2));
        await PlaceAsync(_late, "LATE", each);
        await PlaceAsync(_open, "OPEN", each - (each / 2));
        await LinkedAsync([.. _scarce, .. _silent, .. _twice, .. _open]);
        await EachAsync(_scarce, o => Shop.PayNumberAsync(OrderIds.ProviderNumber(o.Id, 1)));
        await EachAsync(_silent, async o =>
        {
            await _sandbox.PlanAsync(PlannedFault.NothingIsHeard, "alipay", OrderIds.ProviderNumber(o.Id, 1));
            await Shop.PayNumberAsync(OrderIds.ProviderNumber(o.Id, 1));
        });
        await PayTwiceAsync();
        await ChangeAsync();
        await UntilAsync("expired", _late, o => o.Payment.Status == PaymentStatus.Expired);
        await EachAsync(_late, async o =>
        {
            var late = new Uri(Shop.Sandbox, $"/control/trades/{OrderIds.ProviderNumber(o.Id, 1)}/pay-late");
            using var answer = await Shop.Http.PostAsync(late, null);
            answer.EnsureSuccessStatusCode();
        });
        await UntilAsync("delivered late", _late, o => o.Delivery is { Status: DeliveryStatus.Delivered });
        await UntilAsync("found by query", _silent, o => o.Payment.Payments is [{ Source: "query" }]);
        await UntilAsync("given back", _twice, o => o.Payment.Payments.Count == 2
            && o.Payment.Payments.Any(p => p.Refunds is [{ State: RefundState.Done }]));
        await UntilAsync("delivered or refunded", _scarce, o => o.Delivery is { Status: DeliveryStatus.Delivered }
            || o.Payment.Status == PaymentStatus.Refunded);
    }

    /// <summary>Buyers pay while there is no database; of half of them nobody is told.</summary>
    public async Task PayInTheDarkAsync()
    {
        for (var i = 0; i < _open.Count; i++)
        {
            var number = OrderIds.ProviderNumber(_open[i].Id, 1);
            if (i % 2 == 0)
            {
                await _sandbox.PlanAsync(PlannedFault.NothingIsHeard, "alipay", number);
            }

            await Shop.PayNumberAsync(number);
        }
    }

    /// <summary>Every order is at rest, and every fen where it belongs.</summary>
    public async Task CheckAsync(IReadOnlyDictionary<string, OrderState> before)
    {
        await Eventually.TrueAsync(
            async () => (await disaster.OrdersAsync()).Values.All(o => o.IsQuiet), "every order is at rest", Disaster.Patience);
        var orders = await disaster.OrdersAsync();
        var books = await _sandbox.BooksAsync();
        var sum = default(MoneyAccount);
        foreach (var (id, order) in orders)
        {
            var account = MoneyAccount.Of(order, books.GetValueOrDefault(id));
            Assert.True(account.Fault(0) is null, $"{id} ({order.Payment.Status}): {account.Fault(0)}");
            sum += account;
            // No operator has given anything back here.
            Assert.False(
                order.Delivery is { Status: DeliveryStatus.Delivered }
                    && order.Payment.Payments.Any(p => p is { Use: PaymentUse.Order, Refunds.Count: > 0 }),
                $"{id} has keys and money");
        }

        foreach (var (id, was) in before)
        {
            Assert.True(
                was.Delivery is not { Status: DeliveryStatus.Delivered } d || orders[id].Delivery!.Keys.SequenceEqual(d.Keys),
                $"{id} has other keys");
            foreach (var payment in was.Payment.Payments)
            {
                var now = Assert.Single(orders[id].Payment.Payments, p => p.Number == payment.Number);
                Assert.Equal((payment.Amount, payment.Use), (now.Amount, now.Use));
                Assert.Equal(
                    (payment.Refunds ?? []).Select(r => (r.Number, r.Amount, r.State)),
                    (now.Refunds ?? []).Select(r => (r.Number, r.Amount, r.State)));
            }
        }

        Assert.All(_open, o => Assert.Equal(DeliveryStatus.Delivered, orders[o.Id].Delivery?.Status));
        Assert.All(_open, o => Assert.Null(orders[o.Id].Payment.Reason));
        disaster.Tell(
            $"{orders.Count:N0} orders: received {sum.Received:N0} fen, delivered {sum.Delivered:N0}, given back {sum.Returned:N0} (ours {sum.Refunded:N0}), in review {sum.InReview:N0}.");
        disaster.Tell(
            $"Refunds {Count(o => o.Payment.Status == PaymentStatus.Refunded):N0}, second payments {Count(o => o.Payment.Payments.Count > 1):N0}, found by query {Count(o => o.Payment.Payments.Any(p => p.Source == "query")):N0}, paid late {Count(o => o.Payment.Reason?.StartsWith("Paid late", StringComparison.Ordinal) == true):N0}.");

        int Count(Func<OrderState, bool> fact) => orders.Values.Count(fact);
    }

    /// <summary>Orders that nothing happens to but payment and delivery.</summary>
    private async Task PlainAsync(int orders, int total)
    {
        var placed = await disaster.PlaceAsync("PLAIN", orders);
        await Eventually.TrueAsync(
            async () => await disaster.CountAsync(
                "SELECT count(*) FROM shop.mt_doc_paymentsaga WHERE data #>> '{order,sku}' = 'PLAIN' AND data ->> 'status' = 'awaiting-payment'")
                == orders,
            "plain orders can be paid", Disaster.Patience);
        await EachAsync(placed, o => Shop.PayNumberAsync(OrderIds.ProviderNumber(o.Id, 1)));
        await Eventually.TrueAsync(
            async () => await disaster.CountAsync("SELECT sold FROM shop.stock WHERE sku = 'PLAIN'") == total,
            "plain orders are delivered", Disaster.Patience);
    }

    private async Task PlaceAsync(List<PlacedOrder> into, string sku, int orders) => into.AddRange(await disaster.PlaceAsync(sku, orders));

    private static Task EachAsync(IEnumerable<PlacedOrder> orders, Func<PlacedOrder, Task> act) => Parallel.ForEachAsync(
        orders, new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (o, _) => await act(o));

    private Task LinkedAsync(IReadOnlyList<PlacedOrder> orders) =>
        UntilAsync("linked", orders, o => o.Payment.Attempts is [.., { Link: not null }] || o.Payment.Payments.Count > 0);

    private Task UntilAsync(string what, IReadOnlyList<PlacedOrder> orders, Func<OrderState, bool> fact) => Eventually.TrueAsync(
        async () => await disaster.OrdersAsync() is var all && orders.All(o => all.TryGetValue(o.Id, out var s) && fact(s)),
        $"{orders.Count} orders are {what}", Disaster.Patience);

    /// <summary>The second attempt first, then the one that was left: its code can still be paid.</summary>
    private async Task PayTwiceAsync()
    {
        await EachAsync(_twice, async o =>
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(Shop.Api, $"/v1/orders/{o.Id}/channel"))
            {
                Content = new StringContent("""{"channel":"wechat"}""", Encoding.UTF8, "application/json"),
            };
            request.Headers.Authorization = new("Bearer", o.Token);
            using var answer = await Shop.Http.SendAsync(request);
            answer.EnsureSuccessStatusCode();
        });
        await UntilAsync("switched", _twice, o => o.Payment.Attempts is [_, { Link: not null }]);
        await EachAsync(_twice, o => Shop.PayNumberAsync(OrderIds.ProviderNumber(o.Id, 2)));
        await UntilAsync("delivered once", _twice, o => o.Delivery is { Status: DeliveryStatus.Delivered });
        await EachAsync(_twice, o => Shop.PayNumberAsync(OrderIds.ProviderNumber(o.Id, 1)));
    }

    private async Task ChangeAsync()
    {
        var product = (await CatalogStore.FindAsync(Shop.Database, "VOID", CancellationToken.None))!;
        await CatalogStore.PutAsync(Shop.Database, product with { Price = 1_234 }, "a", CancellationToken.None);
        Assert.Equal("kek-2", ShopSecrets.AddKeyEncryptionKey(Shop.Setting("Secrets:Directory")!, stage: false));
        Assert.Equal(0, await Shopctl.RunAsync(Shop, "keys", "rotate", "--why", "yearly"));
        await Shop.ImportAsync("VOID", Enumerable.Range(0, 60).Select(i => $"VOID-secret-{i}"));
        await Eventually.TrueAsync(
            async () => await disaster.CountAsync("SELECT imported FROM shop.stock WHERE sku = 'VOID'") == 60, "twenty are new");
        var unwanted = new List<Guid>();
        await using (var command = Shop.Database.CreateCommand("SELECT id FROM shop.card_keys WHERE sku = 'VOID' ORDER BY id LIMIT 25"))
        await using (var reader = await command.ExecuteReaderAsync())
        {
            while (await reader.ReadAsync())
            {
                unwanted.Add(reader.GetGuid(0));
            }
        }

        await Shop.Log.ProduceAsync(
            new(
                Topics.KeyBatches.Name, Topics.KeyBatches.PartitionOf("VOID"), "VOID"u8.ToArray(),
                JsonSerializer.SerializeToUtf8Bytes(
                    new("void-1", "VOID", "a", "leaked", "ann", DateTimeOffset.UtcNow, unwanted), ContractsJson.Default.KeysVoided),
                [new LogHeader(RecordHeaders.Type, Encoding.UTF8.GetBytes(MessageTypes.KeysVoided))]),
            CancellationToken.None);
        await Eventually.TrueAsync(
            async () => await disaster.CountAsync("SELECT void FROM shop.stock WHERE sku = 'VOID'") == 25, "the voids are done");
    }
}
