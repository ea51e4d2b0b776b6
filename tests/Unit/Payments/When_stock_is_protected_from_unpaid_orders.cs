using CardShop.Contracts;
using CardShop.Shop.Orders;
using CardShop.Shop.Stock;
using CardShop.Shop.Store;
using CardShop.Pipeline.Batches;
using CardShop.Pipeline.Log;
using CardShop.Shop.Payments;
using CardShop.Tests.Unit.Orders;
using Xunit;

namespace CardShop.Tests.Unit.Payments;

public sealed class When_stock_is_protected_from_unpaid_orders
{
    private static OrderPlaced Order(string? network = "net", string id = An.Id) => An.Order(id) with { NetworkHash = network };

    private static Outcome Placed(Facts facts, string? network = "net") =>
        (Scenario.Given(OrderCase.None) with { Facts = facts }).When(An.Placed(Order(network)));

    [Theory]
    [InlineData(4, 19, PaymentStatus.Reserved)]
    [InlineData(5, 0, PaymentStatus.Refused)]
    [InlineData(0, 20, PaymentStatus.Refused)]
    public void A_contact_and_a_network_have_only_so_many(int contact, int network, PaymentStatus status)
    {
        var outcome = Placed(new(100, [], ShopSettings.Default, 0, contact, network)).Is(status);
        Assert.Equal(status == PaymentStatus.Refused, outcome.Payment.Reason is not null);
        if (status == PaymentStatus.Refused)
        {
            outcome.Sends(typeof(SagaFact)).MovesStock(default).IsDue(null).Then.When(An.Placed(Order())).ChangesNothing();
        }
    }

    [Fact]
    public void Without_a_network_there_is_no_limit() =>
        Placed(new(100, [], ShopSettings.Default, 0, 99, 99), network: null).Is(PaymentStatus.Reserved);

    [Theory]
    [InlineData(100, 98, 2, true)]
    [InlineData(50, 3, 7, true)]
    [InlineData(50, 4, 6, false)]
    [InlineData(0, 0, 10, false)]
    public void Beyond_the_share_of_the_product_nothing_is_held_before_it_is_paid(
        int percent, long held, long available, bool holds)
    {
        var outcome = Placed(new(available, [], ShopSettings.Default with { HoldSharePercent = percent }, held))
            .Is(PaymentStatus.Reserved).MovesStock(holds ? StockDelta.Hold(2) : default);
        Assert.Equal(holds, outcome.Payment.Reserved);
    }

    [Fact]
    public void Orders_earlier_in_the_batch_count_and_those_that_end_do_not()
    {
        var run = new BatchRun(
            new(new(An.Start, 0, 1, new Dictionary<PartitionKey, long>()), new Dictionary<string, PaymentSaga>(),
                new Dictionary<string, DeliverySaga>(), [], new HashSet<string>()),
            [], ShopSettings.Default, An.Start)
        {
            Stock = new Dictionary<StockKey, StockCount> { [new("S", "a")] = new(100, 0) },
            Open = new(new Dictionary<string, int> { ["contacthash"] = 3 }, new Dictionary<string, int>()),
        };
        var ids = Enumerable.Range(0, 5).Select(i => "a" + new string((char)('b' + i), 25)).ToList();
        object[] messages =
        [
            An.Placed(Order(id: ids[0])), An.Placed(Order(id: ids[1])), An.Placed(Order(id: ids[2])), An.Cancel(ids[0]),
            An.Placed(Order(id: ids[3])), An.Placed(Order(id: ids[4])),
        ];
        foreach (var message in messages)
        {
            run.Decide(message);
        }

        var statuses = run.ToSave("g", []).Payments.ToDictionary(p => p.Document.Id, p => p.Document.Status);
        Assert.Equal(
            [
                PaymentStatus.Cancelled, PaymentStatus.Reserved, PaymentStatus.Refused, PaymentStatus.Reserved,
                PaymentStatus.Refused,
            ],
            ids.Select(id => statuses[id]));
    }

    [Fact]
    public void Only_new_orders_with_a_network_are_counted()
    {
        var known = An.Reserved(Order()).Payment!;
        var run = new BatchRun(
            new(new(An.Start, 0, 1, new Dictionary<PartitionKey, long>()),
                new Dictionary<string, PaymentSaga> { [known.Id] = known }, new Dictionary<string, DeliverySaga>(), [],
                new HashSet<string>()),
            [], ShopSettings.Default, An.Start);
        IReadOnlyList<Incoming> batch =
        [
            .. new[] { Order(), Order(null, "a" + new string('b', 25)), Order("net", "a" + new string('c', 25)) }
                .Select(o => new DueIncoming(o) { Message = new PaymentMessage.Placed(o) }),
        ];
        Assert.Equal("a" + new string('c', 25), Assert.Single(run.Limited(batch)).OrderId);
    }
}
