using CardShop.Local.Processes;

namespace CardShop.Local.Parts;

/// <summary>How a part is, in the order in which a starting part goes through.</summary>
public enum Health
{
    /// <summary>It does not answer.</summary>
    Down,

    /// <summary>It answers, and says that it cannot work yet.</summary>
    Live,

    /// <summary>It refuses to work until an operator has acted.</summary>
    Fenced,

    /// <summary>It works.</summary>
    Ready,
}

/// <summary>The answer to one ready check.</summary>
/// <param name="Health">How the part is.</param>
/// <param name="Note">Why, in a few words; empty when there is nothing to say.</param>
public readonly record struct Probe(Health Health, string Note = "");

/// <summary>One part of a shop on this machine: how it is prepared, started, checked and stopped.</summary>
public abstract class PartDefinition
{
    private static readonly IReadOnlyList<StopStep> Gentle = [new(Signal.Terminate, TimeSpan.FromSeconds(15))];

    /// <summary>Its name on the command line and of its log.</summary>
    public required string Name { get; init; }

    /// <summary>The port it listens on, on 127.0.0.1.</summary>
    public required int Port { get; init; }

    /// <summary>How long the first answer may take before a start counts as failed.</summary>
    public TimeSpan StartLimit { get; init; } = TimeSpan.FromSeconds(90);

    /// <summary>The steps to an orderly stop; what is left afterwards is killed.</summary>
    public virtual IReadOnlyList<StopStep> StopSteps => Gentle;

    /// <summary>Is it asked every few seconds how it is, also after its start?</summary>
    public virtual bool IsWatched => false;

    /// <summary>What must be done before each start: folders, settings, traces of a crash.</summary>
    public virtual Task PrepareAsync(RotatingLog log, TimeProvider time, CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>The command that runs in the foreground as long as the part lives.</summary>
    public abstract ChildCommand Command();

    /// <summary>One ready check. Answers within two seconds or so; never throws for a part that is not there.</summary>
    public abstract Task<Probe> ProbeAsync(CancellationToken cancellationToken);

    /// <summary>Ends what outlived the main process, so that the next start finds nobody in its place.</summary>
    public virtual Task CleanUpAsync(TimeProvider time) => Task.CompletedTask;
}
