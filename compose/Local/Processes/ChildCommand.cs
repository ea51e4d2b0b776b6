namespace CardShop.Local.Processes;

/// <summary>What to run as a child process.</summary>
/// <param name="FileName">The program, found on PATH.</param>
/// <param name="Arguments">Its arguments.</param>
public sealed record ChildCommand(string FileName, params IReadOnlyList<string> Arguments)
{
    /// <summary>Added to the environment of this process.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    /// <summary>A program that runs the command as somebody else, by exec: its process number must stay.</summary>
    public IReadOnlyList<string> RunAs { get; init; } = [];

    /// <summary>The folder to run in; that of this process when null.</summary>
    public string? WorkingDirectory { get; init; }

    /// <summary>Given to its standard input, which is then closed.</summary>
    public string Input { get; init; } = "";
}

/// <summary>One step on the way to a stopped process: a signal, and how long to wait for its effect.</summary>
public readonly record struct StopStep(Signal Signal, TimeSpan Wait);
