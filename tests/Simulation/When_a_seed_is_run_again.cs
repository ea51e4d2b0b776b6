using CardShop.Tests.Simulation.World;
using Xunit;

namespace CardShop.Tests.Simulation;

public sealed class When_a_seed_is_run_again
{
    [Fact]
    public void The_same_seed_takes_the_same_steps()
    {
        for (var seed = 1; seed <= 60; seed++)
        {
            var (first, second) = (ShopWorld.Run(seed), ShopWorld.Run(seed));
            Assert.Equal((first.Hash, first.Steps, first.Virtual), (second.Hash, second.Steps, second.Virtual));
        }
    }

    [Fact]
    public void Watching_it_changes_nothing()
    {
        for (var seed = 1; seed <= 20; seed++)
        {
            var (plain, traced) = (ShopWorld.Run(seed), ShopWorld.Run(seed, isTraced: true));
            Assert.Equal((plain.Hash, plain.Steps), (traced.Hash, traced.Steps));
            Assert.NotEmpty(traced.Trace);
        }
    }

    [Fact]
    public void Different_seeds_are_different_worlds() =>
        Assert.Equal(40, Enumerable.Range(1, 40).Select(seed => ShopWorld.Run(seed).Hash).Distinct().Count());
}
