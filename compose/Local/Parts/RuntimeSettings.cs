namespace CardShop.Local.Parts;

/// <summary>
/// How every process of the shop uses memory. A nursery of 16 MiB (in bytes, hexadecimal), which does not grow: a batch's garbage
/// dies young; a larger one is collected less often, and is resident. What survives it is looked at again after as much: without
/// a limit that may be any number of megabytes. Two arenas: librdkafka's threads would each keep their own peak.
/// </summary>
/// <remarks>The runtime reads these names as they are written here, letter for letter, and passes others over in silence.</remarks>
public static class RuntimeSettings
{
    private const string Nursery = "1000000";

    /// <summary>Environment variables of the runtime and of the C library.</summary>
    public static readonly IReadOnlyDictionary<string, string> Usual = new Dictionary<string, string>
    {
        ["DOTNET_gcServer"] = "0",
        ["DOTNET_GCgen0size"] = Nursery,
        ["DOTNET_GCGen0MaxBudget"] = Nursery,
        ["DOTNET_GCGen1MaxBudget"] = Nursery,
        ["MALLOC_ARENA_MAX"] = "2",
    };

    /// <summary>The usual ones, where the environment of who starts the process says nothing else; and its own, which win.</summary>
    public static IReadOnlyDictionary<string, string> With(IReadOnlyDictionary<string, string> own)
    {
        var settings = Usual.ToDictionary(s => s.Key, s => Environment.GetEnvironmentVariable(s.Key) ?? s.Value);
        foreach (var (name, value) in own)
        {
            settings[name] = value;
        }

        return settings;
    }
}
