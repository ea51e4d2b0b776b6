using System.Globalization;

namespace CardShop.Tests.Bench.Soak;

/// <summary>A process's resident memory at one moment, in megabytes of 1,048,576 bytes.</summary>
/// <param name="Resident">All of it.</param>
/// <param name="Anonymous">Heaps and stacks.</param>
/// <param name="Files">Pages of programs and libraries; what is left to <paramref name="Resident"/> is shared memory.</param>
public sealed record MemorySample(TimeSpan At, double Resident, double Anonymous, double Files)
{
    public double Shared => Resident - Anonymous - Files;

    /// <param name="status">The text of /proc/PID/status, as proc(5) has it.</param>
    /// <returns>Null where the process has ended: then it has no memory.</returns>
    public static MemorySample? Parse(TimeSpan at, string status)
    {
        double? Of(string name)
        {
            var line = status.Split('\n').FirstOrDefault(l => l.StartsWith(name + ":", StringComparison.Ordinal));
            return line is null ? null : long.Parse(line[(name.Length + 1)..].Replace("kB", null, StringComparison.Ordinal), CultureInfo.InvariantCulture) / 1024.0;
        }

        return Of("VmRSS") is { } resident ? new(at, resident, Of("RssAnon") ?? 0, Of("RssFile") ?? 0) : null;
    }
}
