using System.Diagnostics.Metrics;

namespace CardShop.Telemetry;

/// <summary>
/// How full the file systems are that directories lie on; setting <c>Metrics__Directories__NAME=PATH</c>. One that
/// cannot be asked has no series.
/// </summary>
internal static class Disks
{
    public static void Observe(Meter meter, IReadOnlyDictionary<string, string> directories)
    {
        meter.CreateObservableGauge(
            "cardshop.disk.free", () => All(directories, d => d.AvailableFreeSpace), "By",
            "Space that is left on the file system of a data directory");
        meter.CreateObservableGauge(
            "cardshop.disk.size", () => All(directories, d => d.TotalSize), "By",
            "Size of the file system of a data directory");
    }

    private static List<Measurement<long>> All(
        IReadOnlyDictionary<string, string> directories, Func<DriveInfo, long> what)
    {
        var all = new List<Measurement<long>>(directories.Count);
        foreach (var (name, path) in directories)
        {
            try
            {
                all.Add(new(what(new DriveInfo(path)), new KeyValuePair<string, object?>("directory", name)));
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
            {
                // Not there (yet): a missing series says so.
            }
        }

        return all;
    }
}
