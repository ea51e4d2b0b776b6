namespace CardShop.Tests.Unit.Partners;

/// <summary>Files of the tree that tests read.</summary>
internal static class Repository
{
    public static string Folder(params ReadOnlySpan<string> parts)
    {
        var folder = Environment.GetEnvironmentVariable("CARDSHOP_ROOT") is { } named ? new DirectoryInfo(named) : new(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "CardShop.sln")))
        {
            folder = folder.Parent;
        }

        return Path.Combine([folder!.FullName, .. parts]);
    }

    /// <summary>The folder of public schemas and vectors, which is not part of this tree; null where it is not there.</summary>
    public static string? Schemas => Environment.GetEnvironmentVariable("CARDSHOP_SCHEMAS") is { Length: > 0 } named
        ? named
        : Path.GetFullPath(Path.Combine(Folder(), "..", "shared", "schemas")) is var beside && Directory.Exists(beside) ? beside : null;
}
