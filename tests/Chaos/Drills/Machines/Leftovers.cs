using System.Diagnostics;
using System.Globalization;
using CardShop.Local.Processes;

namespace CardShop.Tests.Chaos.Drills.Machines;

/// <summary>What a drill that was killed could not take away: its folder, its network, and those servers that do not end with their parent.</summary>
internal static class Leftovers
{
    /// <param name="drills">Holds one folder per drill, named by the number of its process.</param>
    public static void Remove(string drills)
    {
        foreach (var folder in Directory.EnumerateDirectories(drills))
        {
            if (int.TryParse(Path.GetFileName(folder), NumberStyles.None, CultureInfo.InvariantCulture, out var pid) && !Runs(pid))
            {
                End(folder);
                Directory.Delete(folder, recursive: true);
            }
        }

        DrillNetwork.RemoveLeftovers(pid => !Runs(pid));
    }

    /// <summary>SIGKILL to every process whose working directory is there or below.</summary>
    private static void End(string folder)
    {
        foreach (var process in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(process), NumberStyles.None, CultureInfo.InvariantCulture, out var pid)
                && WorksIn(process, folder))
            {
                try
                {
                    using var left = Process.GetProcessById(pid);
                    left.Kill();
                    left.WaitForExit(TimeSpan.FromSeconds(10));
                }
                catch (Exception e) when (e is ArgumentException or InvalidOperationException)
                {
                    // It has ended meanwhile.
                }
            }
        }
    }

    private static bool WorksIn(string process, string folder)
    {
        try
        {
            return new FileInfo(Path.Combine(process, "cwd")).LinkTarget is { } works
                && (works + "/").StartsWith(folder + "/", StringComparison.Ordinal);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>Is the process of that number a drill? Another program may have got the number since.</summary>
    private static bool Runs(int pid)
    {
        try
        {
            return ProcessTable.Find(pid) is not null
                && File.ReadAllText($"/proc/{pid}/cmdline").Contains("CardShop.Tests.Chaos", StringComparison.Ordinal);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
