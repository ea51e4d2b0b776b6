using System.Text.Json;
using CardShop.Local.Instance;
using Microsoft.Playwright;
using Xunit;

namespace CardShop.Tests.Browser;

/// <summary>axe-core's rules, run inside a page as it stands. tests/run fetches it.</summary>
internal static class Accessibility
{
    private static readonly Lazy<string> Axe = new(() => File.ReadAllText(Directory.EnumerateFiles(
        Path.Combine(InstanceLayout.Around(AppContext.BaseDirectory).Folder, "npm"), "axe-core-*.js").Max()!));

    /// <summary>Nothing that axe calls serious or critical.</summary>
    /// <param name="except">Rules that this page cannot keep: whoever names one says why.</param>
    public static async Task CheckAsync(IPage page, params string[] except)
    {
        await page.EvaluateAsync(Axe.Value);
        var result = await page.EvaluateAsync<JsonElement>("axe.run(document, { resultTypes: ['violations'] })");
        var grave = result.GetProperty("violations").EnumerateArray()
            .Where(v => v.GetProperty("impact").GetString() is "serious" or "critical" && !except.Contains(v.GetProperty("id").GetString()))
            .Select(v => $"{v.GetProperty("id").GetString()}: {v.GetProperty("help").GetString()} " +
                string.Join(" | ", v.GetProperty("nodes").EnumerateArray().Select(n => n.GetProperty("html").GetString()))).ToList();
        Assert.True(grave.Count == 0, string.Join('\n', grave));
    }
}
