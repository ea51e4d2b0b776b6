using System.Diagnostics;

namespace CardShop.Pipeline.Telemetry;

/// <summary>
/// Spans of CardShop. A message carries the span that sent it as a W3C <c>traceparent</c>, and only where that span is
/// sampled: what carries none costs nothing on the way.
/// </summary>
public static class Traces
{
    public const string SourceName = "CardShop";

    /// <summary>The header of records and commands.</summary>
    public const string Header = "traceparent";

    private static readonly ActivitySource Source = new(SourceName);

    /// <summary>The span under way, for a header; null where nothing is recorded.</summary>
    public static string? Current => Parent(Activity.Current);

    /// <summary>A span for a header; null where it is not recorded.</summary>
    public static string? Parent(Activity? activity) =>
        activity is { Recorded: true, IdFormat: ActivityIdFormat.W3C } ? activity.Id : null;

    /// <summary>A span below the one under way; null where nobody listens or none is under way.</summary>
    public static Activity? Start(string name, ActivityKind kind) =>
        Source.HasListeners() && Activity.Current is { Recorded: true } ? Source.StartActivity(name, kind) : null;

    /// <summary>A span below the one that a header names; null where nobody listens or the header names none.</summary>
    public static Activity? Start(string name, ActivityKind kind, string? traceparent) =>
        Source.HasListeners() && ContextOf(traceparent) is { } parent ? Source.StartActivity(name, kind, parent) : null;

    /// <summary>The same, with links, and without becoming the one under way.</summary>
    internal static Activity? Begin(
        string name, ActivityKind kind, ActivityContext parent, IEnumerable<ActivityLink> links)
    {
        var under = Activity.Current;
        var activity = Source.StartActivity(name, kind, parent, links: links);
        Activity.Current = under;
        return activity;
    }

    internal static bool IsOn => Source.HasListeners();

    /// <summary>What a header names; null for none, and for one that is broken or not sampled.</summary>
    internal static ActivityContext? ContextOf(string? traceparent) =>
        traceparent is not null && ActivityContext.TryParse(traceparent, null, isRemote: true, out var context)
            && (context.TraceFlags & ActivityTraceFlags.Recorded) != 0
            ? context
            : null;
}
