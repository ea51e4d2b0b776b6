using CardShop.Shop.Orders;
using Xunit;

namespace CardShop.Tests.Unit.Orders;

public class When_random_bytes_are_drawn
{
    [Fact]
    public async Task No_two_draws_of_any_thread_are_alike()
    {
        var drawn = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(
            () =>
            {
                var own = new List<string>();
                for (var i = 0; i < 1_000; i++)
                {
                    // Of different lengths, so that draws fall across the pages' ends.
                    var bytes = new byte[12 + (i % 5)];
                    Randomness.Fill(bytes);
                    own.Add(Convert.ToHexString(bytes, 0, 12));
                }

                return own;
            },
            TestContext.Current.CancellationToken)));
        Assert.Equal(4_000, drawn.SelectMany(d => d).Distinct().Count());
    }

    [Fact]
    public void More_than_an_id_or_a_nonce_is_refused() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => Randomness.Fill(new byte[65]));
}
