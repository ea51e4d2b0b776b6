using CardShop.Contracts;
using CardShop.Pipeline.Log;
using CardShop.Shop.Stock;
using Xunit;

namespace CardShop.Tests.Unit.Stock;

public sealed class When_a_fleet_says_how_far_it_is
{
    private static readonly DateTimeOffset Start = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);
    private static readonly PartitionKey First = new("shop.orders.v1", 0);
    private static readonly PartitionKey Second = new("shop.orders.v1", 1);

    private readonly PulseBook _book = new("orders");

    [Fact]
    public void Each_partition_that_has_moved_has_a_pulse()
    {
        _book.Note(First, 10);
        _book.Note(Second, 20);
        Say(Start);
        _book.Note(Second, 50);

        Assert.Equal(
            [new Pulse("orders", "shop.orders.v1", 1, 50, 15, Start.AddSeconds(2))], _book.Next(Start.AddSeconds(2)));
    }

    [Fact]
    public void What_did_not_go_out_is_said_again()
    {
        _book.Note(First, 10);
        Assert.Single(_book.Next(Start));

        var again = Assert.Single(_book.Next(Start.AddSeconds(1)));
        Assert.Equal(10, again.NextOffset);
    }

    [Fact]
    public void What_went_out_is_not_said_again()
    {
        _book.Note(First, 10);
        Say(Start);
        Assert.Empty(_book.Next(Start.AddSeconds(1)));
    }

    [Fact]
    public void What_moved_while_a_pulse_was_on_its_way_is_said_next()
    {
        _book.Note(First, 10);
        var pulses = _book.Next(Start);
        _book.Note(First, 11);
        _book.Said(pulses);
        Assert.Equal(11, Assert.Single(_book.Next(Start.AddSeconds(1))).NextOffset);
    }

    private void Say(DateTimeOffset now) => _book.Said(_book.Next(now));
}
