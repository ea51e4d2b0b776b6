using CardShop.Tests.Chaos;
using CardShop.Tests.Chaos.Faults;
using Xunit;

namespace CardShop.Tests.Unit.Chaos;

public sealed class When_chaos_is_started
{
    [Theory]
    [InlineData("--drill nonsense", "nonsense")]
    [InlineData("--minutes abc", "it must be a number")]
    [InlineData("--seed x", "it must be a whole number")]
    [InlineData("--bogus", "--bogus")]
    [InlineData("--faults nonsense", "Kinds: kill, down, freeze")]
    [InlineData("--faults 3", "Kinds: kill")]
    public void Wrong_arguments_are_told_in_words_and_nothing_is_run(string line, string said)
    {
        using var errors = new StringWriter();
        Assert.True(ChaosCommand.IsWrong(Tree(null).Parse(line.Split(' ')), errors));
        Assert.Contains(said, errors.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("System.", errors.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("CardShop.", errors.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Kinds_of_faults_are_named_small_or_large()
    {
        ChaosOptions? told = null;
        var parsed = Tree(o => told = o).Parse(["--faults", "kill", "FullDisk", "--minutes", "2"]);
        Assert.False(ChaosCommand.IsWrong(parsed, TextWriter.Null));
        Assert.Equal(0, await parsed.InvokeAsync(cancellationToken: TestContext.Current.CancellationToken));
        Assert.Equal([FaultKind.Kill, FaultKind.FullDisk], told!.Kinds);
        Assert.Equal(2, told.Minutes);
    }

    [Fact]
    public async Task A_number_outside_its_range_is_wrong_use() => Assert.Equal(
        ChaosCommand.Wrong, await Tree(null).Parse(["--minutes", "9999"]).InvokeAsync(cancellationToken: TestContext.Current.CancellationToken));

    private static System.CommandLine.RootCommand Tree(Action<ChaosOptions>? run) => ChaosCommand.Create(
        (_, _) => throw new InvalidOperationException("a drill was run"),
        (options, _) =>
        {
            (run ?? throw new InvalidOperationException("it was run"))(options);
            return Task.FromResult(0);
        });
}
