using CardShop.LogBroker.Network;
using Xunit;

namespace CardShop.Tests.Unit.LogBroker;

public sealed class MemoryBudgetTests
{
    [Fact]
    public async Task Who_comes_when_it_is_spent_waits_in_line()
    {
        var budget = new MemoryBudget(100);
        await budget.Take(60);
        await budget.Take(40);
        var large = budget.Take(80).AsTask();
        var small = budget.Take(10).AsTask();

        budget.Release(40);
        Assert.False(large.IsCompleted);
        Assert.False(small.IsCompleted, "it does not overtake, or a large request would wait for ever");
        budget.Release(60);

        await Task.WhenAll(large, small).WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken);
        Assert.Equal(90, budget.Used);
    }

    [Fact]
    public async Task More_than_the_whole_budget_is_granted_to_one_alone()
    {
        var budget = new MemoryBudget(100);
        await budget.Take(500);
        var next = budget.Take(1).AsTask();
        Assert.False(next.IsCompleted);

        budget.Release(500);

        await next.WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken);
    }
}
