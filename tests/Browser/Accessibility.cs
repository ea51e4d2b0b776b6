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
    public static async Task CheckAsync(IPage page)
    {
        await page.EvaluateAsync(Axe.Value);
        var result = await page.EvaluateAsync<JsonElement>("axe.run(document, { resultTypes: ['violations'] })");
        var grave = result.GetProperty("violations").EnumerateArray()
            .Where(v => v.GetProperty("impact").GetString() is "serious" or "critical")
            .Select(v => $"{v.GetProperty("id").GetString()}: {v.GetProperty("help").GetString()} " +
                string.Join(" | ", v.GetProperty("nodes").EnumerateArray().Select(n => n.GetProperty("html").GetString())));
        Assert.Empty(grave);
    }
}
