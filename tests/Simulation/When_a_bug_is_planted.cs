using CardShop.Tests.Simulation.Mutants;
using Xunit;

namespace CardShop.Tests.Simulation;

public sealed class When_a_bug_is_planted(ITestOutputHelper output)
{
    private const int MostSeeds = 2_000;

    public static TheoryData<string> Names => [.. AllMutants.List.Select(m => m.Name)];

    /// <summary>A world in which it is not found is too tame.</summary>
    [Theory]
    [MemberData(nameof(Names))]
    public void It_is_found(string name)
    {
        var mutant = AllMutants.Find(name);
        var run = SeedRun.Of(1, MostSeeds, mutant, stopsAtFirst: true);
        Assert.True(run.Failures.Count > 0, $"{run.Seeds} seeds did not find it: {mutant.Breaks}");
        output.WriteLine($"{mutant.Breaks} Found after {run.Seeds} seeds: {run.Text(mutant)}");
    }
}
