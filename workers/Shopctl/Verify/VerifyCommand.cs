using System.CommandLine;
using CardShop.Shop.Operators;
using CardShop.Shopctl.Operators;
using CardShop.Shopctl.Preflight;
using CardShop.Shopctl.Products;
using CardShop.Shopctl.Servers;
using CardShop.Shopctl.Settings;
using CardShop.Shopctl.Terminal;

namespace CardShop.Shopctl.Verify;

/// <summary><c>shopctl verify URL</c>: after an installation, whether it works, in time, and tells strangers nothing.</summary>
public static class VerifyCommand
{
    private const int MaxSeconds = 15;

    public static Command Create(Session session)
    {
        var url = new Argument<string>("URL") { Description = "The shop's address, as http://127.0.0.1:8080 or https://shop.example" };
        var json = new Option<bool>("--json") { Description = "The report as JSON on standard output." };
        var seconds = new Option<int>("--seconds")
        {
            Description = "How long the load lasts, 1 to 15 (3).",
            DefaultValueFactory = _ => 3,
            HelpName = "N",
        };
        var sku = new Option<string>("--sku")
        {
            Description = $"The test product ({TestProduct.DefaultSku}): made where it is missing, off the public list.",
            DefaultValueFactory = _ => TestProduct.DefaultSku,
        };
        var real = new Option<bool>("--real")
        {
            Description = "Payments are real even if CARDSHOP_SANDBOX is set: orders go up to the payment link and are cancelled.",
        };
        var verify = new Command(
            "verify",
            "Verifies an installation: function (an order of a test product from end to end), performance (a short load with " +
            "limits), security (headers, TLS, tokens, admin, other origins). Exit code 1 where anything failed.")
        {
            url, json, seconds, sku, real,
        };
        verify.Takes(OperatorActions.ProductAdd);
        session.Bind(verify, (servers, arguments, cancellation) =>
        {
            var address = Address(arguments.GetValue(url)!);
            var length = arguments.GetValue(seconds) is >= 1 and <= MaxSeconds and var n
                ? TimeSpan.FromSeconds(n)
                : throw new ShopctlException(ExitCodes.Usage, "--seconds must be 1 to 15.");
            var product = ProductChange.RequireSku(arguments.GetValue(sku));
            var sandbox = arguments.GetValue(real) ? null : session.Settings.OptionalAddress(ShopctlSettings.SandboxName);
            return RunAsync(session, servers, new(address, sandbox, product, length, arguments.GetValue(json)), cancellation);
        });
        return verify;
    }

    private static async Task<int> RunAsync(Session session, ShopServers servers, Wanted wanted, CancellationToken cancellation)
    {
        var started = session.Time.GetTimestamp();
        using var client = new VerifyClient(wanted.Address, session.Time);
        await client.SendAsync(HttpMethod.Get, "/healthz/live", cancellation);
        await GrantAsync(session, servers, wanted, cancellation);
        using var sandbox = wanted.Sandbox is { } place ? new VerifyClient(place, session.Time) : null;
        session.Screen.Note($"Function: an order of {wanted.Sku}, {(sandbox is null ? "up to its payment link" : "paid in the sandbox")} …");
        var products = await client.SendAsync(HttpMethod.Get, "/v1/products", cancellation);
        var orders = new TestOrders(client, wanted.Sku, TestOrders.FirstChannel(products), session.Time);
        var (function, order) = await new FunctionChecks(client, orders, wanted.Sku, sandbox, session.Time)
            .RunAsync(products, cancellation);
        session.Screen.Note($"Performance: {wanted.Length.TotalSeconds:F0} s of load …");
        var load = await new LoadChecks(client, orders, sandbox is null, session.Time).RunAsync(wanted.Length, order, cancellation);
        session.Screen.Note("Security …");
        var security = await new SecurityChecks(client, session.Time).RunAsync(cancellation);
        return CheckReport.Show(
            session, [.. function, .. load, .. security], session.Time.GetElapsedTime(started), wanted.Json);
    }

    /// <summary>The one place where something of the installation is changed: its test product and that product's stock.</summary>
    private static async Task GrantAsync(Session session, ShopServers servers, Wanted wanted, CancellationToken cancellation)
    {
        await using var grant = await session.Operators.RequireAsync(
            OperatorActions.ProductAdd, wanted.Sku, "verification of the installation", [], cancellation);
        await TestProduct.EnsureAsync(session, servers, wanted.Sku, cancellation);
        await grant.DoneAsync(null, "test product with stock", cancellation);
    }

    private static Uri Address(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https" && uri.Query.Length == 0
            ? uri
            : throw new ShopctlException(ExitCodes.Usage, "URL must be the shop's address, as http://127.0.0.1:8080");

    private sealed record Wanted(Uri Address, Uri? Sandbox, string Sku, TimeSpan Length, bool Json);
}
