using System.ComponentModel;
using System.Diagnostics;
using System.Text.Json.Nodes;
using CardShop.Tests.Unit.Partners;

namespace CardShop.Tests.Unit.Deployment;

/// <summary>Builds the folders of k8s/ as <c>kubectl apply -k</c> would, each once.</summary>
internal static class Kustomize
{
    private static readonly SemaphoreSlim Building = new(1);
    private static IReadOnlyDictionary<string, IReadOnlyList<JsonObject>>? _built;

    /// <summary>Folders that are applied: not those that others are made of.</summary>
    public static IReadOnlyList<string> Folders { get; } =
    [
        .. new[] { "base", "chaos", "cluster", "overlays" }.SelectMany(f => Directory.EnumerateFiles(
            Repository.Folder("k8s", f), "kustomization.yaml",
            f == "overlays" ? SearchOption.AllDirectories : SearchOption.TopDirectoryOnly))
            .Select(f => Path.GetRelativePath(Repository.Folder("k8s"), Path.GetDirectoryName(f)!))
            .Order(StringComparer.Ordinal),
    ];

    /// <summary>
    /// What each folder comes to, by its path in k8s/. Where there is no kubectl, one entry <c>files</c> with the manifests as they
    /// stand, unpatched.
    /// </summary>
    public static async Task<IReadOnlyDictionary<string, IReadOnlyList<JsonObject>>> AllAsync()
    {
        await Building.WaitAsync();
        try
        {
            return _built ??= await BuildAllAsync();
        }
        finally
        {
            Building.Release();
        }
    }

    /// <summary>Those that are a whole shop.</summary>
    public static async Task<IEnumerable<KeyValuePair<string, IReadOnlyList<JsonObject>>>> ShopsAsync() =>
        (await AllAsync()).Where(b => b.Key is not ("chaos" or "cluster") && b.Value.Any(d => d.Kind() == "Deployment"));

    /// <returns>Null where there is no kubectl; else its exit code and what it said.</returns>
    public static async Task<(int Code, string Output, string Errors)?> BuildAsync(string folder)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo("kubectl", ["kustomize", folder])
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            })!;
            var output = process.StandardOutput.ReadToEndAsync();
            var errors = process.StandardError.ReadToEndAsync();
            using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(1));
            await process.WaitForExitAsync(limit.Token);
            return (process.ExitCode, await output, await errors);
        }
        catch (Win32Exception)
        {
            return null;
        }
    }

    private static async Task<IReadOnlyDictionary<string, IReadOnlyList<JsonObject>>> BuildAllAsync()
    {
        var built = new Dictionary<string, IReadOnlyList<JsonObject>>();
        foreach (var folder in Folders)
        {
            if (await BuildAsync(Repository.Folder("k8s", folder)) is not { } said)
            {
                return new Dictionary<string, IReadOnlyList<JsonObject>> { ["files"] = Files() };
            }

            built[folder] = said.Code == 0 ? Yaml.Documents(said.Output) : throw new InvalidOperationException($"{folder}: {said.Errors}");
        }

        return built;
    }

    private static List<JsonObject> Files() =>
    [
        .. Directory.EnumerateFiles(Repository.Folder("k8s", "base"), "*.yaml", SearchOption.AllDirectories)
            .Where(f => Path.GetFileName(f) != "kustomization.yaml").SelectMany(f => Yaml.Documents(File.ReadAllText(f))),
    ];
}
