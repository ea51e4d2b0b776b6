using CardShop.Local.Parts;
using CardShop.Local.Processes;
using CardShop.Local.Supervision;

namespace CardShop.Tests.Integration.Servers;

/// <summary>A part that is a few lines of shell.</summary>
public sealed class ShellPart(string script) : PartDefinition
{
    public static string Forever => "exec sleep 1000";

    public Func<Probe> Answer { get; set; } = () => new Probe(Health.Ready);

    public override IReadOnlyList<StopStep> StopSteps { get; } = [new(Signal.Terminate, TimeSpan.FromSeconds(2))];

    public override ChildCommand Command() => new("/bin/sh", "-c", script);

    public override Task<Probe> ProbeAsync(CancellationToken cancellationToken) => Task.FromResult(Answer());
}

/// <summary>Keeps what the supervisor says.</summary>
public sealed class Said : IProgressSink
{
    private readonly List<string> _lines = [];

    public IReadOnlyList<string> Lines
    {
        get
        {
            lock (_lines)
            {
                return [.. _lines];
            }
        }
    }

    public void Line(string text)
    {
        lock (_lines)
        {
            _lines.Add(text);
        }
    }
}

/// <summary>Waits for a fact.</summary>
public static class Eventually
{
    public static Task True(Func<bool> fact, string what, TimeSpan? limit = null) => True(() => Task.FromResult(fact()), what, limit);

    public static async Task True(Func<Task<bool>> fact, string what, TimeSpan? limit = null)
    {
        var from = TimeProvider.System.GetTimestamp();
        while (!await fact())
        {
            if (TimeProvider.System.GetElapsedTime(from) > (limit ?? TimeSpan.FromSeconds(20)))
            {
                throw new TimeoutException("It never came true: " + what);
            }

            await Task.Delay(20, Xunit.TestContext.Current.CancellationToken);
        }
    }
}
