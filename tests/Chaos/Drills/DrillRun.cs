using System.Diagnostics;
using System.Globalization;
using CardShop.Local.Instance;
using CardShop.Local.Parts;
using CardShop.Local.Processes;
using CardShop.Local.Servers;
using CardShop.Tests.Chaos.Drills.Machines;
using Spectre.Console;

namespace CardShop.Tests.Chaos.Drills;

/// <summary>
/// One drill's folder, processes and words. Everything that is kept here ends with it, in reverse order; what a killed
/// drill left behind is removed when the next one begins.
/// </summary>
internal sealed class DrillRun : IAsyncDisposable
{
    private static readonly TimeSpan ToolLimit = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(100);

    private readonly Stack<IAsyncDisposable> _kept = new();
    private readonly long _started = Stopwatch.GetTimestamp();
    private readonly RotatingLog _tools;
    private readonly string _logs;

    private DrillRun(string name, InstanceLayout layout)
    {
        Layout = layout;
        _logs = Path.Combine(layout.Root, ".local", "logs", "drill-" + name);
        _tools = new(Path.Combine(layout.Folder, "tools.log"));
    }

    /// <summary>Where everything of the drill is.</summary>
    public InstanceLayout Layout { get; }

    public static TimeProvider Time => TimeProvider.System;

    /// <param name="name">Of the drill; its logs stay in <c>.local/logs/drill-NAME</c>.</param>
    public static DrillRun Begin(string name)
    {
        var root = InstanceLayout.Around(AppContext.BaseDirectory).Root;
        var drills = Path.Combine(root, ".local", "drills");
        Directory.CreateDirectory(drills);
        Leftovers.Remove(drills);
        var folder = Path.Combine(drills, Environment.ProcessId.ToString(CultureInfo.InvariantCulture));
        PrivateFile.CreateFolder(folder);
        return new(name, new(root, folder));
    }

    public void Say(string what) => AnsiConsole.WriteLine(string.Create(
        CultureInfo.InvariantCulture, $"{Stopwatch.GetElapsedTime(_started).TotalSeconds,6:0.0}s  {what}"));

    /// <summary>What went wrong, in the words of those whom it happened to.</summary>
    public void Show(IEnumerable<string> lines)
    {
        foreach (var line in lines)
        {
            Say("| " + line);
        }
    }

    /// <summary>Ends with the drill.</summary>
    public T Keep<T>(T thing)
        where T : IAsyncDisposable
    {
        lock (_kept)
        {
            _kept.Push(thing);
        }

        return thing;
    }

    /// <summary>A path below the drill's folder.</summary>
    public string In(string name) => Path.Combine(Layout.Folder, name);

    /// <summary>Starts a part; returns when it works.</summary>
    /// <param name="folder">Its log is written beside it; its data is where the part says.</param>
    public async Task<LocalServer> StartAsync(PartDefinition part, string folder, CancellationToken cancel)
    {
        var server = Keep(new PartServer(part, folder));
        await server.StartAsync(cancel);
        return server;
    }

    /// <summary>Runs a command to its end.</summary>
    /// <exception cref="ChaosFailedException">It ended with another code than 0; its last words are in the message.</exception>
    public async Task ToolAsync(ChildCommand command, CancellationToken cancel)
    {
        if (await TryToolAsync(command, cancel) is not 0 and var code)
        {
            throw new ChaosFailedException(
                $"{Path.GetFileName(command.FileName)} {string.Join(' ', command.Arguments.Take(6))} ended with code {code}:"
                + Environment.NewLine + string.Join(Environment.NewLine, _tools.Tail(12)));
        }
    }

    /// <summary>Runs a command to its end.</summary>
    /// <returns>Its exit code.</returns>
    public Task<int> TryToolAsync(ChildCommand command, CancellationToken cancel) =>
        ChildProcess.RunAsync(command, _tools, ToolLimit, Time, cancel);

    /// <summary>Asks again and again until it is so.</summary>
    /// <param name="what">What is waited for, for people.</param>
    /// <returns>How long it took.</returns>
    /// <exception cref="ChaosFailedException">It was not so within the limit.</exception>
    public static async Task<TimeSpan> UntilAsync(Func<Task<bool>> isSo, string what, TimeSpan limit, CancellationToken cancel)
    {
        var from = Stopwatch.GetTimestamp();
        while (!await isSo())
        {
            if (Stopwatch.GetElapsedTime(from) > limit)
            {
                throw new ChaosFailedException($"Not within {limit.TotalSeconds:0} s: {what}");
            }

            await Task.Delay(Poll, cancel);
        }

        return Stopwatch.GetElapsedTime(from);
    }

    public async ValueTask DisposeAsync()
    {
        while (_kept.TryPop(out var thing))
        {
            await thing.DisposeAsync();
        }

        _tools.Dispose();
        if (Directory.Exists(_logs))
        {
            Directory.Delete(_logs, recursive: true);
        }

        PrivateFile.CreateFolder(_logs);
        foreach (var log in Directory.EnumerateFiles(Layout.Folder, "*.log*"))
        {
            File.Move(log, Path.Combine(_logs, Path.GetFileName(log)));
        }

        Directory.Delete(Layout.Folder, recursive: true);
    }

    private sealed class PartServer(PartDefinition part, string folder) : LocalServer(part, folder, null);
}
