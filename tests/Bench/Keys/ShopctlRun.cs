using System.Diagnostics;
using System.Globalization;
using CardShop.Local.Parts;
using CardShop.Tests.Bench.Machine;

namespace CardShop.Tests.Bench.Keys;

/// <summary>One run of shopctl as a process of its own, from its start to its end.</summary>
/// <param name="PeakMegabytes">The most memory it held at once.</param>
internal sealed record ShopctlRun(TimeSpan Time, double PeakMegabytes, string Output)
{
    public static async Task<ShopctlRun> RunAsync(
        ShopServers servers, CancellationToken cancellation, params IReadOnlyList<string> arguments)
    {
        var command = DotnetProgram.Command("CardShop.Shopctl", arguments);
        var start = new ProcessStartInfo(command.FileName, command.Arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in servers.Settings)
        {
            start.Environment[name] = value;
        }

        start.Environment["CARDSHOP_OPERATOR_KEY"] = servers.OperatorKey;
        var from = Stopwatch.GetTimestamp();
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync(cancellation);
        var errors = process.StandardError.ReadToEndAsync(cancellation);
        var peak = 0.0;
        var ended = process.WaitForExitAsync(cancellation);
        while (!ended.IsCompleted)
        {
            peak = Math.Max(peak, PeakOf(process.Id));
            await Task.WhenAny(ended, Task.Delay(TimeSpan.FromMilliseconds(100), cancellation));
        }

        await ended;
        var time = Stopwatch.GetElapsedTime(from);
        return process.ExitCode == 0
            ? new(time, peak, await output)
            : throw new BenchFailedException($"shopctl {string.Join(' ', arguments)}: {await errors}{await output}");
    }

    /// <summary>The most resident memory a process has had, in megabytes; 0 where it is gone.</summary>
    public static double PeakOf(int pid)
    {
        try
        {
            var line = File.ReadLines(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/status"))
                .FirstOrDefault(l => l.StartsWith("VmHWM:", StringComparison.Ordinal));
            return line is null
                ? 0
                : long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) / 1024.0;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return 0;
        }
    }
}
