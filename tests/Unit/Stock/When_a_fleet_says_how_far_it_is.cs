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
    public void Each_partition_that_was_noted_is_to_be_told_once()
    {
        _book.Note(First);
        _book.Note(Second);
        _book.Note(First);
        Assert.Equal([First, Second], _book.Take(Start).OrderBy(p => p.Partition));
        Assert.Empty(_book.Take(Start));
    }

    [Fact]
    public void What_moves_while_it_is_being_told_is_to_be_told_again()
    {
        _book.Note(First);
        _book.Take(Start);
        _book.Note(First);
        Assert.Equal([First], _book.Take(Start));
    }

    [Fact]
    public void Everything_is_told_again_now_and_then()
    {
        _book.Note(First);
        _book.Take(Start);
        Assert.Empty(_book.Take(Start.AddSeconds(9)));
        Assert.Equal([First], _book.Take(Start.AddSeconds(10)));
        Assert.Empty(_book.Take(Start.AddSeconds(11)));
    }

    [Fact]
    public void A_pulse_says_what_the_database_says_and_the_rate_since_the_last_one()
    {
        Assert.Equal([new Pulse("orders", "shop.orders.v1", 1, 20, 0, Start)], Say(20, Start));
        Assert.Equal([new Pulse("orders", "shop.orders.v1", 1, 50, 15, Start.AddSeconds(2))], Say(50, Start.AddSeconds(2)));
    }

    [Fact]
    public void A_position_goes_back_with_the_database_and_that_is_no_rate()
    {
        Say(20, Start);
        Assert.Equal((5, 0), Say(5, Start.AddSeconds(1)).Select(p => (p.NextOffset, p.PerSecond)).Single());
    }

    [Fact]
    public void A_rate_counts_from_what_went_out()
    {
        Say(20, Start);
        _book.PulsesOf(At(30), Start.AddSeconds(1)); // Kafka was away
        Assert.Equal(20, Say(60, Start.AddSeconds(2)).Single().PerSecond);
    }

    private static Dictionary<PartitionKey, long> At(long next) => new() { [Second] = next };

    private IReadOnlyList<Pulse> Say(long next, DateTimeOffset now)
    {
        var pulses = _book.PulsesOf(At(next), now);
        _book.Said(pulses);
        return pulses;
    }
}
