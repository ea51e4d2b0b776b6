using CardShop.Local.Parts;
using CardShop.Local.Processes;

namespace CardShop.Tests.Chaos.Machine;

/// <summary>A part as it is, whose command is changed at each start: another argument, another environment.</summary>
/// <param name="inner">The part.</param>
/// <param name="alter">Asked at every start.</param>
public sealed class AlteredPart(PartDefinition inner, Func<ChildCommand, ChildCommand> alter) : PartDefinition
{
    /// <inheritdoc/>
    public override IReadOnlyList<StopStep> StopSteps => inner.StopSteps;

    /// <inheritdoc/>
    public override bool IsWatched => inner.IsWatched;

    /// <summary>The part with its name, its port and its time limits.</summary>
    public static AlteredPart Of(PartDefinition inner, Func<ChildCommand, ChildCommand> alter) =>
        new(inner, alter) { Name = inner.Name, Port = inner.Port, StartLimit = inner.StartLimit };

    /// <inheritdoc/>
    public override Task PrepareAsync(RotatingLog log, TimeProvider time, CancellationToken cancellationToken) =>
        inner.PrepareAsync(log, time, cancellationToken);

    /// <inheritdoc/>
    public override ChildCommand Command() => alter(inner.Command());

    /// <inheritdoc/>
    public override Task<Probe> ProbeAsync(CancellationToken cancellationToken) => inner.ProbeAsync(cancellationToken);

    /// <inheritdoc/>
    public override Task CleanUpAsync(TimeProvider time) => inner.CleanUpAsync(time);
}
