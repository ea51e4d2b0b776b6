using CardShop.Pipeline.Bus;
using Xunit;

namespace CardShop.Tests.Unit.Pipeline;

public sealed class When_deliveries_are_acknowledged
{
    private readonly PendingAcks _acks = new();

    [Fact]
    public void A_batch_is_one_frame()
    {
        Add(3, 1, 2);
        Assert.Equal([(3ul, true)], _acks.Take());
        Assert.Empty(_acks.Take());
    }

    [Fact]
    public void One_that_is_still_in_hand_holds_up_nobody()
    {
        Add(1, 4, 3);
        Assert.Equal([(1ul, true), (3ul, false), (4ul, false)], _acks.Take());
        Add(5);
        Assert.Equal([(5ul, false)], _acks.Take());
    }

    [Fact]
    public void A_frame_names_no_tag_that_was_told_before()
    {
        Add(2, 3);
        Assert.Equal([(2ul, false), (3ul, false)], _acks.Take());
        Add(1);
        Assert.Equal([(1ul, true)], _acks.Take());
        Add(4);
        Assert.Equal([(4ul, true)], _acks.Take());
    }

    [Fact]
    public void A_repeat_is_not_told()
    {
        Add(1, 1, 3, 3);
        Assert.Equal([(1ul, true), (3ul, false)], _acks.Take());
        Add(1, 3);
        Assert.Empty(_acks.Take());
        Assert.False(_acks.Add(1));
        Assert.False(_acks.Add(3));
        Assert.Empty(_acks.Take());
    }

    [Fact]
    public void One_tells_until_nothing_is_left()
    {
        Assert.True(_acks.Add(1));
        Assert.False(_acks.Add(2));
        _acks.Take();
        Assert.False(_acks.Add(3));
        Assert.Single(_acks.Take());
        Assert.Empty(_acks.Take());
        Assert.True(_acks.Add(4));
    }

    /// <summary>A broker that refuses what RabbitMQ refuses: a tag that is not in anybody's hand.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void In_any_order_each_is_told_once(int seed)
    {
        var random = new Random(seed);
        var left = new HashSet<ulong>(Enumerable.Range(1, 500).Select(i => (ulong)i));
        var taken = new HashSet<ulong>();
        foreach (var tag in left.OrderBy(t => t + (ulong)random.Next(30)).ToList())
        {
            Add(tag);
            taken.Add(tag);
            if (random.Next(10) > 0)
            {
                continue;
            }

            foreach (var (last, multiple) in _acks.Take())
            {
                Assert.Contains(last, left);
                var told = multiple ? left.Where(t => t <= last).ToList() : [last];
                Assert.All(told, t => Assert.Contains(t, taken));
                left.ExceptWith(told);
            }

            Assert.Empty(left.Intersect(taken));
        }
    }

    private void Add(params ulong[] tags)
    {
        foreach (var tag in tags)
        {
            _acks.Add(tag);
        }
    }
}
