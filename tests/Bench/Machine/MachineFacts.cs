using System.Globalization;
using System.Reflection;
using System.Runtime.InteropServices;

namespace CardShop.Tests.Bench.Machine;

/// <summary>What a figure was measured on, and what was measured.</summary>
internal static class MachineFacts
{
    /// <summary>The commit that the programs were built at.</summary>
    public static string Commit => "commit " + (typeof(MachineFacts).Assembly
        .GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[^1] ?? "unknown");

    /// <summary>The load averages of one, five and fifteen minutes.</summary>
    public static string Load => string.Join(' ', File.ReadAllText("/proc/loadavg").Split(' ')[..3]);

    /// <summary>Processors and memory; kernel and runtime.</summary>
    public static IReadOnlyList<string> Lines()
    {
        var model = Value("/proc/cpuinfo", "model name") ?? RuntimeInformation.ProcessArchitecture.ToString();
        var kilobytes = long.Parse(Value("/proc/meminfo", "MemTotal")!.Split(' ')[0], CultureInfo.InvariantCulture);
        return
        [
            string.Create(CultureInfo.InvariantCulture, $"{Environment.ProcessorCount} processors ({model}), {kilobytes / 1048576.0:0.0} GiB of memory"),
            $"Linux {File.ReadAllText("/proc/sys/kernel/osrelease").Trim()}, {RuntimeInformation.FrameworkDescription}",
        ];
    }

    private static string? Value(string file, string name) => File.ReadLines(file)
        .Where(l => l.StartsWith(name, StringComparison.Ordinal) && l.Contains(':', StringComparison.Ordinal))
        .Select(l => l[(l.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim()).FirstOrDefault();
}
