using System.Globalization;

namespace CardShop.Local.Processes;

/// <summary>A process for ever: its number alone may come to mean another process.</summary>
/// <param name="Pid">The number.</param>
/// <param name="StartTicks">When it started, in the kernel's ticks since boot.</param>
public readonly record struct ProcessIdentity(int Pid, long StartTicks);

/// <summary>What /proc says about the processes of this machine.</summary>
public static class ProcessTable
{
    /// <summary>The process of this number; null when there is none, or only a zombie is left of it.</summary>
    public static ProcessIdentity? Find(int pid)
    {
        return Read(pid) is { } entry ? new ProcessIdentity(pid, entry.StartTicks) : null;
    }

    /// <summary>Does exactly this process still run?</summary>
    public static bool IsAlive(ProcessIdentity identity) => Find(identity.Pid) == identity;

    /// <summary>All children of a process, their children, and so on.</summary>
    public static IReadOnlyList<ProcessIdentity> Descendants(int pid)
    {
        var children = All().ToLookup(entry => entry.Parent, entry => entry.Identity);
        var found = new List<ProcessIdentity>();
        var open = new Queue<int>([pid]);
        while (open.TryDequeue(out var parent))
        {
            foreach (var child in children[parent])
            {
                found.Add(child);
                open.Enqueue(child.Pid);
            }
        }

        return found;
    }

    /// <summary>Processes of a program whose working directory is <paramref name="directory"/>.</summary>
    public static IReadOnlyList<ProcessIdentity> WorkingIn(string directory, string program)
    {
        var wanted = Path.TrimEndingDirectorySeparator(Path.GetFullPath(directory));
        return [.. All().Select(entry => entry.Identity)
            .Where(identity => Program(identity.Pid) == program && WorkingDirectory(identity.Pid) == wanted)];
    }

    /// <summary>Children of a process that run a program and have ended, and whose end nobody has taken note of.</summary>
    internal static IReadOnlyList<int> Ended(int parent, string program)
    {
        var found = new List<int>();
        foreach (var directory in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(directory), NumberStyles.None, CultureInfo.InvariantCulture, out var pid)
                && Fields(pid) is ["Z", var above, ..] && above == parent.ToString(CultureInfo.InvariantCulture) && Program(pid) == program)
            {
                found.Add(pid);
            }
        }

        return found;
    }

    private static string? Program(int pid)
    {
        try
        {
            return File.ReadAllText($"/proc/{pid}/comm").TrimEnd('\n');
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static string? WorkingDirectory(int pid)
    {
        try
        {
            return new FileInfo($"/proc/{pid}/cwd").LinkTarget;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static IEnumerable<(ProcessIdentity Identity, int Parent)> All()
    {
        foreach (var directory in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(directory), NumberStyles.None, CultureInfo.InvariantCulture, out var pid)
                && Read(pid) is { } entry)
            {
                yield return (new ProcessIdentity(pid, entry.StartTicks), entry.Parent);
            }
        }
    }

    private static (int Parent, long StartTicks)? Read(int pid) => Fields(pid) switch
    {
        null or ["Z" or "X", ..] => null,
        var fields => (int.Parse(fields[1], CultureInfo.InvariantCulture), long.Parse(fields[19], CultureInfo.InvariantCulture)),
    };

    /// <summary>What /proc/PID/stat says behind the name: the state, the parent, and so on.</summary>
    private static string[]? Fields(int pid)
    {
        string stat;
        try
        {
            stat = File.ReadAllText($"/proc/{pid}/stat");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }

        // The name stands in brackets and may itself hold brackets and spaces; the numbers begin behind the last one.
        return stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
    }
}
