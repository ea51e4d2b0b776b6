using System.Text.Json;
using CardShop.Shopctl.Settings;
using CardShop.Shopctl.Terminal;

namespace CardShop.Tests.Integration.Shop.Faults;

/// <summary><c>shopctl audit</c> of a running shop.</summary>
public static class ShopAudit
{
    /// <returns>Its exit code, and one line per invariant; violations named.</returns>
    public static async Task<(int ExitCode, IReadOnlyList<string> Lines)> RunAsync(RunningShop shop, int graceSeconds = 0)
    {
        var file = Path.Combine(Directory.CreateTempSubdirectory("cardshop-audit-").FullName, "audit.json");
        try
        {
            var settings = new ShopctlSettings(name => shop.Settings.GetValueOrDefault(name.Replace("__", ":", StringComparison.Ordinal)));
            var session = new Session(settings, TimeProvider.System, new Screen());
            var code = await CommandTree.Create(session)
                .Parse(["audit", "--json", file, "--grace-seconds", $"{graceSeconds}"])
                .InvokeAsync(cancellationToken: CancellationToken.None);
            using var json = JsonDocument.Parse(await File.ReadAllTextAsync(file));
            return (code, [.. json.RootElement.GetProperty("invariants").EnumerateArray().Select(Line)]);
        }
        finally
        {
            Directory.Delete(Path.GetDirectoryName(file)!, recursive: true);
        }
    }

    private static string Line(JsonElement row) =>
        $"invariant {row.GetProperty("invariant")}: {row.GetProperty("verdict")}, {row.GetProperty("rows")} rows"
        + string.Concat(row.GetProperty("examples").EnumerateArray().Select(e => "; " + e.GetString()));
}
