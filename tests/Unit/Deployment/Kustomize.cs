using System.ComponentModel;
using System.Diagnostics;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using CardShop.Tests.Unit.Partners;

namespace CardShop.Tests.Unit.Deployment;

/// <summary>Builds the folders of k8s/ as <c>kubectl apply -k</c> would, each once.</summary>
internal static partial class Kustomize
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

    /// <summary>The kustomizations that pages show to be copied, each with its page.</summary>
    public static IReadOnlyList<(string Page, string Text)> Shown() =>
    [
        .. Directory.EnumerateFiles(Repository.Folder("k8s"), "*.md", SearchOption.AllDirectories).Order(StringComparer.Ordinal)
            .SelectMany(f => ShownIn(File.ReadAllText(f)).Select(t => (Path.GetRelativePath(Repository.Folder("k8s"), f), t))),
    ];

    /// <summary>Indented blocks that begin as a kustomization does, up to the first line that stands further left.</summary>
    public static IEnumerable<string> ShownIn(string page)
    {
        var lines = page.Split('\n');
        for (var i = 0; i < lines.Length; i++)
        {
            if (Begin().Match(lines[i]) is { Success: true } begin)
            {
                var indent = begin.Groups[1].Value;
                var block = lines.Skip(i).TakeWhile(l => l.Length == 0 || l.StartsWith(indent, StringComparison.Ordinal))
                    .Select(l => l.Length == 0 ? l : l[indent.Length..]);
                yield return string.Join('\n', block).TrimEnd('\n') + "\n";
            }
        }
    }

    /// <summary>
    /// What each folder comes to, by its path in k8s/, and each kustomization that a page shows, by <c>page#number</c>. Where there is no kubectl, one entry <c>files</c> with the manifests as they
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

        using var tree = new CopiedTree();
        foreach (var (number, (page, text)) in Shown().Index())
        {
            var said = (await tree.BuildAsync(text))!.Value;
            built[$"{page}#{number}"] = said.Code == 0 ? Yaml.Documents(said.Output) : throw new InvalidOperationException($"{page}: {said.Errors}");
        }

        return built;
    }

    private static List<JsonObject> Files() =>
    [
        .. Directory.EnumerateFiles(Repository.Folder("k8s", "base"), "*.yaml", SearchOption.AllDirectories)
            .Where(f => Path.GetFileName(f) != "kustomization.yaml").SelectMany(f => Yaml.Documents(File.ReadAllText(f))),
    ];

    [GeneratedRegex("^( {4,})apiVersion: kustomize\\.config\\.k8s\\.io/v1beta1$")]
    private static partial Regex Begin();

    /// <summary>A copy of k8s/ in which overlays can be put beside the real ones.</summary>
    internal sealed class CopiedTree : IDisposable
    {
        private readonly string _folder = Directory.CreateTempSubdirectory("cardshop-k8s-").FullName;
        private int _count;

        public CopiedTree()
        {
            var from = Repository.Folder("k8s");
            foreach (var file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
            {
                var to = Path.Combine(_folder, Path.GetRelativePath(from, file));
                Directory.CreateDirectory(Path.GetDirectoryName(to)!);
                File.Copy(file, to);
            }
        }

        /// <summary>Builds a kustomization as that of an overlay of its own.</summary>
        public async Task<(int Code, string Output, string Errors)?> BuildAsync(string text)
        {
            var overlay = Path.Combine(_folder, "overlays", $"shown-{_count++}");
            Directory.CreateDirectory(overlay);
            await File.WriteAllTextAsync(Path.Combine(overlay, "kustomization.yaml"), text);
            return await Kustomize.BuildAsync(overlay);
        }

        public void Dispose() => Directory.Delete(_folder, recursive: true);
    }
}
