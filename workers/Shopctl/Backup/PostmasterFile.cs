using System.Diagnostics;
using System.Globalization;

namespace CardShop.Shopctl.Backup;

/// <summary>
/// <c>postmaster.pid</c> in a data directory: PostgreSQL writes it when it starts, its process's id in the first line, and
/// removes it when it has stopped. After a kill it stays.
/// </summary>
public static class PostmasterFile
{
    public const string Name = "postmaster.pid";

    /// <param name="data">The data directory.</param>
    /// <param name="processes">Where Linux shows its processes.</param>
    /// <returns>The living process that the file names; null where there is none, or no file.</returns>
    /// <exception cref="UnauthorizedAccessException">Who asks may not look into the directory.</exception>
    public static int? Holder(string data, string processes = "/proc")
    {
        string? first;
        try
        {
            first = File.ReadLines(Path.Combine(data, Name)).FirstOrDefault();
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }

        // The id of a single-user server has a minus sign before it.
        return int.TryParse(first?.Trim().TrimStart('-'), NumberStyles.None, CultureInfo.InvariantCulture, out var id)
            && id > 0 && Lives(id, processes)
            ? id
            : null;
    }

    /// <summary>True unless it has ended; what cannot be read is taken for living.</summary>
    private static bool Lives(int id, string processes)
    {
        if (!Directory.Exists(processes))
        {
            return IsKnown(id);
        }

        try
        {
            // "12 (name) S …": the name may hold anything. Z and X have ended, and nobody has asked how.
            var text = File.ReadAllText(Path.Combine(processes, id.ToString(CultureInfo.InvariantCulture), "stat"));
            return text.AsSpan(text.LastIndexOf(')') + 1).TrimStart() is not ['Z' or 'X', ..];
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return false;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return true;
        }
    }

    private static bool IsKnown(int id)
    {
        try
        {
            Process.GetProcessById(id).Dispose();
            return true;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }
}
