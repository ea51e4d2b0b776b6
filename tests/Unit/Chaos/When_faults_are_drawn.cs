using CardShop.Tests.Chaos.Faults;
using CardShop.Tests.Chaos.Verdict;
using Xunit;

namespace CardShop.Tests.Unit.Chaos;

public sealed class When_faults_are_drawn
{
    private const double HalfAnHour = 1_800;

    private static readonly FaultKind[] All = Enum.GetValues<FaultKind>();

    [Fact]
    public void The_same_seed_draws_the_same_faults_and_another_seed_others()
    {
        var once = FaultSchedule.Draw(7, HalfAnHour, 20, All);

        Assert.Equal(once, FaultSchedule.Draw(7, HalfAnHour, 20, All));
        Assert.NotEqual(once, FaultSchedule.Draw(8, HalfAnHour, 20, All));
    }

    [Fact]
    public void There_is_about_one_in_the_time_that_was_asked_for()
    {
        var counts = Enumerable.Range(0, 100).Select(seed => FaultSchedule.Draw(seed, HalfAnHour, 20, All).Count).ToList();

        Assert.InRange(counts.Average(), 80, 95);
    }

    [Fact]
    public void Every_kind_comes_up()
    {
        var kinds = Enumerable.Range(0, 20).SelectMany(seed => FaultSchedule.Draw(seed, HalfAnHour, 20, All)).Select(f => f.Kind).Distinct();

        Assert.Equal(All.Order(), kinds.Order());
    }

    [Fact]
    public void Two_faults_of_one_place_never_overlap()
    {
        for (var seed = 0; seed < 200; seed++)
        {
            var faults = FaultSchedule.Draw(seed, HalfAnHour, 5, All);
            foreach (var (fault, i) in faults.Select((f, i) => (f, i)))
            {
                Assert.DoesNotContain(
                    faults.Skip(i + 1), o => o.At < fault.At + FaultSchedule.Longest(fault) && o.Places.Intersect(fault.Places).Any());
            }
        }
    }

    [Fact]
    public void All_is_quiet_at_first_and_over_before_the_end()
    {
        for (var seed = 0; seed < 200; seed++)
        {
            Assert.All(FaultSchedule.Draw(seed, 300, 5, All), f => Assert.InRange(f.At, FaultSchedule.Quiet, 300 - f.Seconds));
        }
    }

    [Fact]
    public void What_this_machine_cannot_do_is_left_out()
    {
        FaultKind[] possible = [FaultKind.Kill, FaultKind.Freeze];

        Assert.All(FaultSchedule.Draw(3, HalfAnHour, 20, possible), f => Assert.Contains(f.Kind, possible));
    }

    [Theory]
    [InlineData(FaultKind.Kill, "logbroker", HurtParty.Log)]
    [InlineData(FaultKind.Silence, "kafka", HurtParty.Log)]
    [InlineData(FaultKind.FullDisk, "logbroker", HurtParty.Log)]
    [InlineData(FaultKind.Failover, "postgres-primary", HurtParty.Others)]
    [InlineData(FaultKind.WipeQueues, "rabbitmq", HurtParty.Others)]
    [InlineData(FaultKind.Kill, "api-1", HurtParty.Others)]
    [InlineData(FaultKind.Kill, "sandbox", HurtParty.Provider)]
    public void Only_what_orders_are_written_to_may_cost_orders(FaultKind kind, string target, HurtParty party) =>
        Assert.Equal(party, new Fault(30, kind, target, 5).Party);
}
