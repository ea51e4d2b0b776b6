using System.Text.Json;
using CardShop.Contracts;
using CardShop.Pipeline.Log;
using CardShop.Shop.Recovery;
using CardShop.Tests.Unit.Orders;
using Xunit;

namespace CardShop.Tests.Unit.Recovery;

public sealed class When_the_log_holds_another_regions_orders
{
    private readonly RecoveryReport _report = new();

    [Fact]
    public void They_are_kept_for_it_and_are_no_orders_here()
    {
        Assert.NotNull(Kept("a" + An.Id[1..]));
        Assert.Null(Kept("b" + An.Id[1..]));
        Assert.Equal(0, _report.Unreadable);
    }

    private KeptRecord? Kept(string orderId) => new LogIntake(null!, null!, "a", _report).Kept(
        new(
            new PartitionKey(Topics.Orders.Name, 0), 0, "S",
            JsonSerializer.SerializeToUtf8Bytes(new(orderId, "S", An.Start), ContractsJson.Default.OrderCancelRequested),
            MessageTypes.OrderCancelRequested, 0, An.Start, reader: null),
        RecordKind.Order, commit: 0);
}
