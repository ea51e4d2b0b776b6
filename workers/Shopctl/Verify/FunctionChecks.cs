using System.Globalization;
using CardShop.Shopctl.Preflight;

namespace CardShop.Shopctl.Verify;

/// <summary>
/// One order from end to end over HTTP: placed, repeated, paid in the sandbox and delivered; a second one cancelled. Where
/// payments are real, up to the payment link, and cancelled.
/// </summary>
/// <param name="sandbox">Where payments are played; null where they are real.</param>
internal sealed class FunctionChecks(VerifyClient client, TestOrders orders, string sku, VerifyClient? sandbox, TimeProvider time)
{
    private const string Area = "function";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly List<CheckResult> _results = [];

    /// <returns>What was seen; the order that was placed, where one was.</returns>
    public async Task<(IReadOnlyList<CheckResult> Results, TestOrder? Order)> RunAsync(
        HttpAnswer products, CancellationToken cancellation)
    {
        await HealthAsync(cancellation);
        var isListed = products.Body.Contains($"\"{sku}\"", StringComparison.Ordinal);
        Note(
            "the public list", products.Status == 200 && !isListed, $"{products.Status}, {(isListed ? "lists" : "without")} {sku}",
            products.Took, "The test product must not be listed: do all fleets and the API run this version?");
        var order = await PlaceAsync(cancellation);
        if (order is not null && await LinkAsync(order, "payment link", cancellation) is { } link)
        {
            if (sandbox is not null)
            {
                await PayAsync(order, link, cancellation);
                if (TestOrders.Read(await orders.PostAsync(orders.NewBody(), TestOrders.NewKey(), cancellation)) is { } second
                    && await LinkAsync(second, "payment link of a second order", cancellation) is not null)
                {
                    await CancelAsync(second, cancellation);
                }
            }
            else
            {
                await CancelAsync(order, cancellation);
            }
        }

        return (_results, order);
    }

    private async Task HealthAsync(CancellationToken cancellation)
    {
        foreach (var path in new[] { "/healthz/live", "/healthz/ready" })
        {
            var answer = await client.SendAsync(HttpMethod.Get, path, cancellation);
            Note(path, answer.Status == 200, $"{answer.Status} {answer.Body.Trim()}", answer.Took, "Look into the API's log.");
        }
    }

    private async Task<TestOrder?> PlaceAsync(CancellationToken cancellation)
    {
        var (body, key) = (orders.NewBody(), TestOrders.NewKey());
        // A product and its stock reach the API within a second of being published; 404 and 409 before that.
        var started = time.GetTimestamp();
        var (placed, came) = await orders.UntilAsync(
            () => orders.PostAsync(body, key, cancellation), a => a.Status is not (404 or 409 or 503), Patience, cancellation);
        var order = TestOrders.Read(placed);
        Note(
            "order accepted", came && order is not null, order is null ? $"{placed.Status} {placed.Text("detail") ?? placed.Text("title")}" : order.Id,
            time.GetElapsedTime(started), "Is the product published, with stock? Fleets running?");
        if (order is null)
        {
            return null;
        }

        var repeat = await orders.PostAsync(body, key, cancellation);
        Note(
            "the same request again", repeat.Status == 202 && repeat.Text("orderId") == order.Id,
            $"{repeat.Status}, the same order", repeat.Took, "A repeat must be answered with the same order.");
        var other = await orders.PostAsync(
            body.Replace("\"quantity\":1", "\"quantity\":2", StringComparison.Ordinal), key, cancellation);
        Note(
            "the same key, another body", other.Status == 422 || (other.Status == 202 && other.Text("orderId") == order.Id),
            other.Status == 422 ? "422" : $"{other.Status}: an instance that does not remember it; the first body wins",
            other.Took, "It must be refused, or be the first order; never a second one.");
        return order;
    }

    private async Task<string?> LinkAsync(TestOrder order, string step, CancellationToken cancellation)
    {
        var started = time.GetTimestamp();
        var (answer, came) = await orders.UntilAsync(
            () => orders.ShowAsync(order, cancellation), a => a.Status == 200 && TestOrders.LinkOf(a) is not null, Patience,
            cancellation);
        Note(
            step, came, came ? "there" : $"none; the order is {answer.Text("status")}", time.GetElapsedTime(started),
            "Are the orders and payments fleets running, and the provider reachable? See 'shopctl lag'.");
        return came ? TestOrders.LinkOf(answer) : null;
    }

    private async Task PayAsync(TestOrder order, string link, CancellationToken cancellation)
    {
        var number = new Uri(client.Address, link).Segments[^1].Trim('/');
        var paid = await sandbox!.SendAsync(HttpMethod.Post, "/pay/" + Uri.EscapeDataString(number), cancellation);
        Note("paid in the sandbox", paid.Status == 200, Text(paid.Status), paid.Took, "See compose/Sandbox/README.md.");
        if (paid.Status != 200)
        {
            return;
        }

        var started = time.GetTimestamp();
        var (answer, came) = await orders.UntilAsync(
            () => orders.ShowAsync(order, cancellation), a => a.Text("status") == "delivered", Patience, cancellation);
        var keys = came ? TestOrders.KeysOf(answer) : 0;
        Note(
            "delivered", came && keys == 1, came ? $"{keys} key shown to its buyer" : $"the order is {answer.Text("status")}",
            time.GetElapsedTime(started), "Does the provider's notification arrive? Is the delivery fleet running?");
    }

    private async Task CancelAsync(TestOrder order, CancellationToken cancellation)
    {
        var started = time.GetTimestamp();
        var asked = await orders.CancelAsync(order, cancellation);
        var (answer, came) = await orders.UntilAsync(
            () => orders.ShowAsync(order, cancellation), a => a.Text("status") == "cancelled", Patience, cancellation);
        Note(
            "cancelled", asked.Status == 202 && came, came ? "cancelled" : $"the order is {answer.Text("status")}",
            time.GetElapsedTime(started), "Is the orders fleet running?");
    }

    private void Note(string step, bool holds, string found, TimeSpan took, string toDo) => _results.Add(new(
        Area, step, holds ? Verdict.Ok : Verdict.Fail,
        string.Create(CultureInfo.InvariantCulture, $"{found} ({took.TotalMilliseconds:F0} ms)"), holds ? null : toDo));

    private static string Text(int value) => value.ToString(CultureInfo.InvariantCulture);
}
