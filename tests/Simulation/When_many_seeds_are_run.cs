using System.Globalization;
using CardShop.Tests.Simulation.Mutants;
using CardShop.Tests.Simulation.World;
using Xunit;

namespace CardShop.Tests.Simulation;

public sealed class When_many_seeds_are_run(ITestOutputHelper output)
{
    /// <summary>SIMULATION_SEEDS sets another number; SIMULATION_FROM the first of them.</summary>
    private const int Seeds = 10_000;

    /// <summary>A world in which these never happen proves little.</summary>
    private static readonly string[] Expected =
    [
        "killed", "pause", "rebalance", "bus drops", "bus loses all", "bus away", "log away", "database crashes", "provider away",
        "clock jumps", "recovered", "paid late", "attempts opened anew", "money Order", "money Surplus", "money Mismatch", "order Paid",
        "order Refunded", "order Expired", "order Cancelled", "order SoldOut", "order Review", "delivery Delivered",
        "delivery Withdrawn",
    ];

    [Fact]
    public void Every_invariant_holds_in_all_of_them()
    {
        var count = Setting("SIMULATION_SEEDS") ?? Seeds;
        var from = Setting("SIMULATION_FROM") ?? SeedRun.FreshSeed();
        var run = SeedRun.Of(from, count, Mutant.None);
        output.WriteLine($"{run.Seeds} seeds from {from}, {run.Steps} steps, {run.Virtual.TotalHours:F0} h, {SeedRun.Commit}");
        Assert.True(run.Failures.Count == 0, run.Text(Mutant.None));
        if (count >= Seeds)
        {
            Assert.Empty(Expected.Except(run.Marks.Keys));
        }
    }

    /// <summary>Each of these showed a fault of the code once.</summary>
    /// <param name="fault">What was wrong.</param>
    [Theory]
    [InlineData(1, "a command alone did not wait for the record that says why it is sent")]
    [InlineData(37, "the same, for a first attempt")]
    [InlineData(84, "after a recovery a process was fenced for ever by what it remembered itself")]
    [InlineData(226, "a fence that a command alone had closed could not be opened again")]
    [InlineData(161, "after a recovery a reader at the end of its partition did not go back to the database's position")]
    [InlineData(600, "the same")]
    [InlineData(21291, "one refund call that came sixteen times put the next question off by a day")]
    [InlineData(23610, "not the shop: an operator came after everything was at rest")]
    [InlineData(3000422, "not the shop: keys were not seen within their own transaction")]
    [InlineData(697, "one close that came twenty times put a paid order before a person")]
    public void What_was_mended_stays_mended(int seed, string fault)
    {
        var result = ShopWorld.Run(seed);
        Assert.True(result.Violation is null, $"{fault}: {result.Violation}");
    }

    private static int? Setting(string name) =>
        Environment.GetEnvironmentVariable(name) is { Length: > 0 } text ? int.Parse(text, CultureInfo.InvariantCulture) : null;
}
