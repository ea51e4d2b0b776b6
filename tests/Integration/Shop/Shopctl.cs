using System.Globalization;
using CardShop.Shopctl.Settings;
using CardShop.Shopctl.Terminal;

namespace CardShop.Tests.Integration.Shop;

/// <summary>shopctl against a shop of the tests, from the words of a command on.</summary>
internal static class Shopctl
{
    /// <returns>The exit code.</returns>
    public static Task<int> RunAsync(RunningShop shop, params string[] arguments) =>
        RunAsync(name => shop.Setting(name.Replace("__", ":", StringComparison.Ordinal)), arguments);

    /// <summary>The same with any settings, by the names of their variables.</summary>
    public static Task<int> RunAsync(Func<string, string?> setting, params string[] arguments) => CommandTree
        .Create(new(new ShopctlSettings(setting), TimeProvider.System, new Screen()))
        .Parse(arguments).InvokeAsync(new() { EnableDefaultExceptionHandler = false });

    /// <summary>Adds a product, and waits until the API sells it.</summary>
    public static async Task AddProductAsync(RunningShop shop, string sku, string kind, params string[] more)
    {
        Xunit.Assert.Equal(0, await RunAsync(
            shop, ["product", "add", sku, "--name", "Test " + sku, "--price", "1000", "--kind", kind, .. more]));
        await Eventually.TrueAsync(async () => (await shop.ProductsAsync()).ContainsKey(sku), $"the API knows {sku}");
    }

    /// <summary>Imports secrets from a file.</summary>
    public static async Task<int> ImportAsync(RunningShop shop, string sku, string file, string[] secrets, params string[] more)
    {
        await File.WriteAllLinesAsync(file, secrets);
        return await RunAsync(shop, ["keys", "import", sku, file, .. more]);
    }

    public static string Text(this int number) => number.ToString(CultureInfo.InvariantCulture);
}
