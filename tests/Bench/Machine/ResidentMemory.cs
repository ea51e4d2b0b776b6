using System.Globalization;

namespace CardShop.Tests.Bench.Machine;

/// <summary>Memory of processes, from /proc.</summary>
internal static class ResidentMemory
{
    /// <summary>Bytes in memory less what is shared with other processes (files and shared memory); 0 where it is gone.</summary>
    public static long OwnOf(int pid)
    {
        // Fields 2 and 3 of proc(5)'s statm: resident and shared pages.
        var pages = Pages(pid);
        return pages.Length < 3 ? 0 : (pages[1] - pages[2]) * Environment.SystemPageSize;
    }

    /// <summary>Bytes in memory; 0 where it is gone.</summary>
    public static long Of(int pid) => Pages(pid) is { Length: >= 3 } pages ? pages[1] * Environment.SystemPageSize : 0;

    private static long[] Pages(int pid)
    {
        try
        {
            return [.. File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/statm")).Split(' ')
                .Select(n => long.Parse(n, CultureInfo.InvariantCulture))];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}
