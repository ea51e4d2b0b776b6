using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace CardShop.Tests.Integration.Partners;

/// <summary>A program of contracts/README.md, run as a partner would run it; it prints a line for each event that is new to it.</summary>
internal sealed partial class PartnerScript : IAsyncDisposable
{
    private const string Verifier = """
        import base64, sys
        from verify_webhook import is_genuine
        counts = [0, 0]
        for line in open("calls"):
            id, stamp, signature, body = line.rstrip("\n").split("\t")
            headers = {"webhook-id": id, "webhook-timestamp": stamp, "webhook-signature": signature}
            body = base64.b64decode(body)
            for i, b in enumerate([body, body[:-1] + b" "]):
                counts[i] += is_genuine(headers, b, [sys.argv[1]], now=int(stamp))
        print(*counts)
        """;

    private readonly ConcurrentQueue<string> _lines = new();
    private readonly ConcurrentQueue<string> _errors = new();
    private readonly Process _process;

    private PartnerScript(Process process) => _process = process;

    /// <summary>Id, type, order and sequence of each event, in the order in which they came.</summary>
    public IReadOnlyList<string[]> Events => [.. _lines.Select(l => l.Split(' '))];

    public int Count => _lines.Count;

    public string Errors => string.Join('\n', _errors.TakeLast(20));

    /// <summary>Has <c>verify_webhook.py</c> look at calls, and at each again with one byte of the body changed.</summary>
    /// <returns>How many were genuine of each kind.</returns>
    public static async Task<(int Sent, int Changed)> VerifyAsync(
        string folder, string secret, IReadOnlyList<WebhookCall> calls, CancellationToken cancellation)
    {
        Directory.CreateDirectory(folder);
        await File.WriteAllTextAsync(Path.Combine(folder, "verify_webhook.py"), TextOf("verify_webhook.py"), cancellation);
        await File.WriteAllLinesAsync(
            Path.Combine(folder, "calls"),
            calls.Select(c => $"{c.Id}\t{c.Timestamp}\t{c.Signature}\t{Convert.ToBase64String(c.Body)}"), cancellation);
        using var process = Process.Start(new ProcessStartInfo("/usr/bin/python3", ["-c", Verifier, secret])
        {
            RedirectStandardOutput = true,
            WorkingDirectory = folder,
        })!;
        var counts = (await process.StandardOutput.ReadToEndAsync(cancellation)).Split(' ');
        await process.WaitForExitAsync(cancellation);
        return (int.Parse(counts[0], CultureInfo.InvariantCulture), int.Parse(counts[1], CultureInfo.InvariantCulture));
    }

    /// <param name="name">The file name in the first line of the block.</param>
    public static PartnerScript Start(string name, string folder, IReadOnlyDictionary<string, string> settings)
    {
        Directory.CreateDirectory(folder);
        var file = Path.Combine(folder, name);
        File.WriteAllText(file, TextOf(name));
        var start = new ProcessStartInfo("/usr/bin/python3", [file])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
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
