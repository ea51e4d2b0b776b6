using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.RegularExpressions;

namespace CardShop.Tests.Integration.Partners;

/// <summary>A program of contracts/README.md, run as a partner would run it; it prints a line for each event that is new to it.</summary>
internal sealed partial class PartnerScript : IAsyncDisposable
{
    private readonly ConcurrentQueue<string> _lines = new();
    private readonly ConcurrentQueue<string> _errors = new();
    private readonly Process _process;

    private PartnerScript(Process process) => _process = process;

    /// <summary>Id, type, order and sequence of each event, in the order in which they came.</summary>
    public IReadOnlyList<string[]> Events => [.. _lines.Select(l => l.Split(' '))];

    public int Count => _lines.Count;

    public string Errors => string.Join('\n', _errors.TakeLast(20));

    /// <param name="name">The file name in the first line of the block.</param>
    public static PartnerScript Start(string name, string folder, IReadOnlyDictionary<string, string> settings)
    {
        Directory.CreateDirectory(folder);
        var file = Path.Combine(folder, name);
        File.WriteAllText(file, TextOf(name));
        var start = new ProcessStartInfo("/usr/bin/python3", [file])
        {
            RedirectStandardOutput = true, RedirectStandardError = true,
        };
        foreach (var (key, value) in settings)
        {
            start.Environment[key] = value;
        }

        start.Environment["EVENTS_DB"] = Path.Combine(folder, "events.db");
        var process = new Process { StartInfo = start };
        var script = new PartnerScript(process);
        process.OutputDataReceived += (_, line) => Keep(script._lines, line.Data);
        process.ErrorDataReceived += (_, line) => Keep(script._errors, line.Data);
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return script;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
        }

        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private static void Keep(ConcurrentQueue<string> lines, string? line)
    {
        if (line is not null)
        {
            lines.Enqueue(line);
        }
    }

    private static string TextOf(string name)
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "CardShop.sln")))
        {
            folder = folder.Parent;
        }

        var page = File.ReadAllText(Path.Combine(
            Environment.GetEnvironmentVariable("CARDSHOP_ROOT") ?? folder!.FullName, "contracts", "README.md"));
        return Block().Matches(page).Select(m => m.Groups[1].Value)
            .Single(b => b.StartsWith("# " + name + ":", StringComparison.Ordinal));
    }

    [GeneratedRegex("```python\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Block();
}
