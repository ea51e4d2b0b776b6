using System.Text;
using System.Text.Json;
using CardShop.Contracts;
using CardShop.Pipeline.Batches;
using CardShop.Shopctl.DeadLetters;
using Xunit;

namespace CardShop.Tests.Unit.Shopctl;

public sealed class When_dead_letters_are_read
{
    private static readonly DateTimeOffset Start = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly LetterFilter All = new(null, null, null, null, null);

    private readonly List<LogIncoming> _topic = [];

    [Fact]
    public void Settled_letters_are_left_out_before_open_ones()
    {
        Put();
        Put();
        Resolve(0);
        Put();

        var shelf = Read(most: 2);

        Assert.Equal([1L, 3L], shelf.InOrder().Select(l => l.Place.Offset));
        Assert.Equal((true, false), (shelf.IsCut, shelf.HasMoreOpen));
        Assert.False(shelf.Matching(All, 10).More);
    }

    [Fact]
    public void Open_letters_that_newer_ones_pushed_out_come_back_when_those_are_settled()
    {
        Put();
        Put();
        Put();
        Put();
        Resolve(2);
        Resolve(3);

        var shelf = Read(most: 2);

        Assert.Equal([0L, 1L], shelf.InOrder().Where(l => l.IsOpen).Select(l => l.Place.Offset));
        Assert.False(shelf.HasMoreOpen);
    }

    [Fact]
    public void More_open_ones_than_can_be_held_are_told()
    {
        Put();
        Put();
        Put();

        var shelf = Read(most: 2);

        Assert.Equal([1L, 2L], shelf.InOrder().Select(l => l.Place.Offset));
        Assert.True(shelf.Matching(All, 10).More);
    }

    [Fact]
    public void More_that_match_than_are_taken_at_once_are_told()
    {
        Put("a");
        Put("b");
        Put("a");
        var shelf = Read(most: 10);

        var (letters, more) = shelf.Matching(All with { OrderId = "a" }, 1);

        Assert.Equal((0L, true), (Assert.Single(letters).Place.Offset, more));
        Assert.False(shelf.Matching(All with { OrderId = "a" }, 2).More);
        Assert.False(shelf.IsCut);
    }

    [Fact]
    public void In_copies_a_resolution_is_of_the_letter_that_it_was_written_about()
    {
        // The lost log began at 3: there the letters lay at 3, 4 and 5, here at 0, 1 and 2.
        Put(mirrored: 3);
        Put(mirrored: 4);
        Put(mirrored: 5);
        Resolve(4, mirrored: 6);
        Resolve(2, mirrored: 7);
        Resolve(0);

        Assert.Equal([false, false, true], Read(most: 10).InOrder().Select(l => l.IsOpen));
    }

    [Theory]
    [InlineData("key", "type", "body", true)]
    [InlineData("other", "type", "body", false)]
    [InlineData("key", "other", "body", false)]
    [InlineData("key", null, "body", false)]
    [InlineData("key", "type", "other", false)]
    [InlineData("key", "type", null, false)]
    public void A_letter_is_about_the_record_that_is_the_same_in_everything(string key, string? type, string? body, bool same)
    {
        var letter = new DeadLetter("shop.orders.v1", 0, 7, "key", "type", "bad", "a", Start, "body"u8.ToArray());
        var record = new LogIncoming(
            new("shop.orders.v1", 0), 7, key, body is null ? null : Encoding.UTF8.GetBytes(body), type, 0, Start, reader: null);

        Assert.Equal(same, Letter.IsAbout(letter, record));
    }

    private LetterShelf Read(int most)
    {
        var shelf = new LetterShelf(most);
        _topic.ForEach(shelf.Take);
        if (shelf.MakeRoom())
        {
            _topic.ForEach(shelf.TakeOpen);
        }

        return shelf;
    }

    private void Put(string orderId = "a", long? mirrored = null) => Add(
        MessageTypes.DeadLetter,
        JsonSerializer.SerializeToUtf8Bytes(
            new DeadLetter(
                "shop.orders.v1", 0, _topic.Count, "key", "type", "bad", orderId, Start.AddMinutes(_topic.Count), "{}"u8.ToArray()),
            ContractsJson.Default.DeadLetter),
        mirrored);

    private void Resolve(long offset, long? mirrored = null) => Add(
        MessageTypes.DeadLetterResolved,
        JsonSerializer.SerializeToUtf8Bytes(
            new DeadLetterResolved(offset, DeadLetterResolved.Discarded, "ann", null, Start), ContractsJson.Default.DeadLetterResolved),
        mirrored);

    private void Add(string type, byte[] value, long? mirrored) => _topic.Add(
        new(new(Topics.DeadLetters.Name, 0), _topic.Count, "shop.orders.v1", value, type, 0, Start, reader: null) { Mirrored = mirrored });
}
