using System.Globalization;

namespace CardShop.Tests.Bench.Machine;

/// <summary>How busy the machine is beside what is measured: on a shared machine it says what a figure is worth.</summary>
internal static class OtherLoad
{
    private const double MillisecondsPerTick = 10;

    /// <summary>CPU milliseconds that all processors together have spent working (or were kept from it by a hypervisor).</summary>
    public static double BusyMs()
    {
        // cpu user nice system idle iowait irq softirq steal …, as proc(5) has it.
        var fields = File.ReadLines("/proc/stat").First().Split(' ', StringSplitOptions.RemoveEmptyEntries)[1..];
        long[] ticks = [.. fields.Take(8).Select(f => long.Parse(f, CultureInfo.InvariantCulture))];
        return (ticks.Sum() - ticks[3] - ticks[4]) * MillisecondsPerTick;
    }

    /// <summary>Processors that others kept busy.</summary>
    /// <param name="busyMs">All work between two readings.</param>
    /// <param name="ownMs">Work that was measured.</param>
    public static double Processors(double busyMs, double ownMs, TimeSpan time) =>
        Math.Max(0, busyMs - ownMs) / time.TotalMilliseconds;
}
