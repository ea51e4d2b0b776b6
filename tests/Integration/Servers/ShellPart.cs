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
