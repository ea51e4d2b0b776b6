using CardShop.Local.Parts;
using CardShop.Local.Processes;

namespace CardShop.Local.Supervision;

/// <summary>A command that runs to its end while a shop starts.</summary>
/// <param name="Name">What it does, for the user.</param>
/// <param name="Command">Made when its turn has come.</param>
/// <param name="LogName">The log that gets its output.</param>
public sealed record OneShot(string Name, Func<ChildCommand> Command, string LogName)
{
    /// <summary>How long it may take.</summary>
    public TimeSpan Limit { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>Asked when its turn has come; null means always.</summary>
    public Func<bool>? Needed { get; init; }

    /// <summary>Called after it has succeeded.</summary>
    public Action? Done { get; init; }
}

/// <summary>What can start at the same time. A stage begins when all of the one before is ready.</summary>
/// <param name="Parts">Started together.</param>
/// <param name="OneShots">Run beside them.</param>
public sealed record Stage(IReadOnlyList<PartDefinition> Parts, IReadOnlyList<OneShot> OneShots);
