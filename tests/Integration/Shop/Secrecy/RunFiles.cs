namespace CardShop.Tests.Integration.Shop.Secrecy;

/// <summary>Which files of a run are logs, and looking through them.</summary>
public static class RunFiles
{
    /// <summary>What the run's own process logs.</summary>
    public const string Console = "run.log";

    private static readonly EnumerationOptions All = new() { RecurseSubdirectories = true, IgnoreInaccessible = true };

    /// <summary>
    /// The logs of all processes, those put aside and those of crashes as well; not the segments of brokers, which end
    /// alike, and are called by a number.
    /// </summary>
    public static IEnumerable<string> Logs(string folder) => Directory.EnumerateFiles(folder, "*", All).Where(file =>
    {
        var name = Path.GetFileName(file);
        return (name.Contains(".log", StringComparison.Ordinal) && !char.IsAsciiDigit(name[0]))
            || name == "erl_crash.dump";
    });

    public static IEnumerable<string> Everything(string folder) => Directory.EnumerateFiles(folder, "*", All);

    /// <summary>Looks through all logs below the folder.</summary>
    /// <returns>How many there were.</returns>
    public static int LookIntoLogs(this SecretSearch search, string folder)
    {
        RunLog.Shared.Flush();
        var logs = Logs(folder).ToList();
        foreach (var log in logs)
        {
            search.LookInto(Path.GetRelativePath(folder, log), log);
        }

        return logs.Count;
    }
}
