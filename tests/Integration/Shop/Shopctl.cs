using System.Globalization;
using System.Text.Json;
using CardShop.Contracts;
using CardShop.Shop.Operators;
using CardShop.Shopctl.Settings;
using CardShop.Shopctl.Terminal;

namespace CardShop.Tests.Integration.Shop;

/// <summary>shopctl against a shop of the tests, from the words of a command on, run by an operator of the shop.</summary>
internal static class Shopctl
{
    /// <summary>Who runs it: an admin. Another one approves what he asks for.</summary>
    public const string First = "ann";
    private const string Second = "bob";

    /// <summary>Runs it as the admin; what waits for approval is approved and run again.</summary>
    /// <returns>The exit code.</returns>
    public static async Task<int> RunAsync(RunningShop shop, params string[] arguments)
    {
        var code = await RunAsAsync(shop, First, arguments);
        if (code != ExitCodes.Waiting)
        {
            return code;
        }

        var id = await LastApprovalAsync(shop);
        Xunit.Assert.Equal(ExitCodes.Ok, await RunAsAsync(shop, Second, "approvals", "approve", id));
        return await RunAsAsync(shop, First, [.. arguments, "--approval", id]);
    }

    /// <summary>Runs it once, as somebody.</summary>
    /// <param name="name">An operator of <see cref="MakeOperator"/>; null shows no key.</param>
    /// <returns>The exit code.</returns>
    public static Task<int> RunAsAsync(RunningShop shop, string? name, params string[] arguments) => CommandTree
        .Create(new(
            new ShopctlSettings(variable => variable == ShopctlSettings.OperatorKeyName
                ? name is null ? null : KeyOf(name)
                : shop.Setting(variable.Replace("__", ":", StringComparison.Ordinal))),
            TimeProvider.System, new Screen()))
        .Parse(arguments).InvokeAsync(new() { EnableDefaultExceptionHandler = false });

    /// <summary>The approval that was asked for last.</summary>
    public static async Task<string> LastApprovalAsync(RunningShop shop) =>
        (await AuditAsync(shop)).Where(e => e.Outcome == AuditOutcome.Waiting).OrderBy(e => e.At).Last().ApprovalId!;

    /// <summary>What the audit says, in the order of time.</summary>
    public static async Task<IReadOnlyList<AuditEntry>> AuditAsync(RunningShop shop) =>
    [
        .. (await shop.RecordsAsync(Topics.Audit))
            .Select(r => JsonSerializer.Deserialize(r.Value!, ContractsJson.Default.AuditEntry)!).OrderBy(e => e.At),
    ];

    /// <summary>The operators that every shop of the tests has.</summary>
    public static void MakeOperators(string secrets)
    {
        MakeOperator(secrets, First, OperatorRole.Admin);
        MakeOperator(secrets, Second, OperatorRole.Admin);
    }

    public static void MakeOperator(string secrets, string name, OperatorRole role) =>
        OperatorFiles.TryAdd(secrets, name, role, KeyOf(name));

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

    public static string KeyOf(string name) => $"the key of {name} in the tests";
}
