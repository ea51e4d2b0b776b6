using CardShop.Shop.Recovery;
using CardShop.Tests.Unit.Orders;
using Xunit;

namespace CardShop.Tests.Unit.Recovery;

public sealed class When_stock_is_shared_out
{
    private static StockClaim Claim(string id, int quantity, int minute) =>
        new(id, quantity, An.Start + TimeSpan.FromMinutes(minute));

    [Fact]
    public void Everybody_keeps_what_was_promised_while_there_is_enough()
    {
        var shared = StockAllotment.Share(10, [Claim("review", 1, 0)], [Claim("a", 3, 0)], [Claim("b", 4, 1)], []);

        Assert.Empty(shared.Waiting);
        Assert.Empty(shared.Unheld);
        Assert.Equal(2, shared.Available);
    }

    [Fact]
    public void Unpaid_orders_lose_theirs_first_and_the_younger_before_the_older()
    {
        var shared = StockAllotment.Share(
            4, [], [Claim("paid", 2, 9)], [Claim("young", 1, 5), Claim("old", 2, 1)], [Claim("waits", 1, 0)]);

        Assert.Empty(shared.Waiting);
        Assert.Equal(["young"], shared.Unheld);
        Assert.Empty(shared.Served);
        Assert.Equal(0, shared.Available);
    }

    [Fact]
    public void A_paid_one_without_units_waits_whole()
    {
        var shared = StockAllotment.Share(3, [], [Claim("first", 2, 0), Claim("second", 2, 1), Claim("third", 1, 2)], [], []);

        Assert.Equal(["second"], shared.Waiting);
        Assert.Equal(0, shared.Available);
    }

    [Fact]
    public void What_came_meanwhile_goes_to_those_who_wait_oldest_first()
    {
        var shared = StockAllotment.Share(3, [], [], [], [Claim("b", 2, 1), Claim("a", 1, 0), Claim("c", 1, 2)]);

        Assert.Equal(["a", "b"], shared.Served);
        Assert.Equal(0, shared.Available);
    }

    [Fact]
    public void Orders_before_a_person_come_first_and_what_they_cannot_have_is_not_promised()
    {
        var shared = StockAllotment.Share(1, [Claim("short", 2, 0), Claim("review", 1, 3)], [Claim("paid", 1, 0)], [], []);

        Assert.Equal(["short"], shared.Released);
        Assert.Equal(["paid"], shared.Waiting);
        Assert.Equal(0, shared.Available);
    }
}
