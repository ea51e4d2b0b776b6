using System.Diagnostics;
using System.Net;
using CardShop.Contracts;
using CardShop.Shop.Operators;
using CardShop.Tests.Integration.Servers;
using Xunit;

namespace CardShop.Tests.Integration.Shop;

public sealed class When_admin_calls_are_not_allowed(TestServers servers)
{
    private const string Viewer = "vic";
    private const string Plain = "otto";
    private const string Second = "bob";
    private const string WrongKey = "a key that nobody has";
    private const int WrongKeys = 60;

    /// <summary>
    /// What a viewer's key without a body gets where it is not refused: these say what they want by a body or a cookie, and
    /// that decides who may.
    /// </summary>
    private static readonly Dictionary<string, HttpStatusCode> ByBody = new()
    {
        ["POST /v1/admin/session"] = HttpStatusCode.Unauthorized,
        ["DELETE /v1/admin/session"] = HttpStatusCode.Unauthorized,
        ["POST /v1/admin/commands"] = HttpStatusCode.UnsupportedMediaType,
    };

    [Fact]
    public async Task They_are_refused_and_audited_and_what_is_approved_is_done_once()
    {
        // A window that is a minute long and most of a week away.
        var window = DateTimeOffset.UtcNow.AddDays(3);
        await using var shop = await RunningShop.StartAsync(servers, new Dictionary<string, string>
        {
            ["Operators:ChangeWindows"] = $"{window.DayOfWeek.ToString()[..3]} 00:00-00:01 Z",
            ["Operators:RefundLimit"] = "500",
            ["Operators:WrongKeysPerNetwork"] = WrongKeys.Text(),
        });
        var folder = shop.Setting("Secrets:Directory")!;
        Shopctl.MakeOperator(folder, Viewer, OperatorRole.Viewer);
        Shopctl.MakeOperator(folder, Plain, OperatorRole.Operator);
        await shop.AddProductAsync("CARD", 5);
        var order = await shop.PlaceAsync("CARD");
        await shop.PayAsync(order);
        await shop.UntilAsync(order, "delivered");
        var admin = new AdminCaller(shop);
        var before = await StateAsync(shop);

        await NobodyGetsInAsync(shop, admin, order);
        Assert.Equal(before, await StateAsync(shop));
        await DangerousDeedsWaitAsync(admin, order);
        Assert.Equal(before, await StateAsync(shop));
        Assert.DoesNotContain(await Shopctl.AuditAsync(shop), e => e.Outcome == AuditOutcome.Started);

        await RefundsAreDoneOnceAsync(shop, admin, order);
        await ProductsAreChangedAsync(shop, admin);
        await TooManyWrongKeysLockOutAsync(shop, admin);
    }

    /// <summary>Every path that there is, those that come later too: without a key, with a wrong one, with too low a role.</summary>
    private static async Task NobodyGetsInAsync(RunningShop shop, AdminCaller admin, PlacedOrder order)
    {
        var listed = await admin.ListedAsync();
        Assert.True(listed.Count >= 18, "the OpenAPI document lists the operators' interface");
        foreach (var (method, template) in listed)
        {
            var path = template.Replace("{id}", order.Id, StringComparison.Ordinal).Replace("{sku}", "CARD", StringComparison.Ordinal);
            foreach (var key in new[] { null, WrongKey })
            {
                var reply = await admin.SendAsync(method, path, key);
                Assert.True(reply.Status == HttpStatusCode.Unauthorized, $"{method} {path}: {reply.Status} {reply.Text}");
                Assert.StartsWith("Bearer", reply.Message.Headers.WwwAuthenticate.ToString(), StringComparison.Ordinal);
                Assert.True(reply.Message.Headers.CacheControl?.NoStore, path);
            }

            var seen = await admin.SendAsync(method, path, Shopctl.KeyOf(Viewer));
            var expected = method == HttpMethod.Get ? HttpStatusCode.OK
                : ByBody.GetValueOrDefault($"{method} {template}", HttpStatusCode.Forbidden);
            Assert.True(seen.Status == expected, $"{method} {path}: {seen.Status} {seen.Text}");
            Assert.DoesNotContain("buyer@example.org", seen.Text, StringComparison.Ordinal);
            Assert.DoesNotContain("CARD-secret-", seen.Text, StringComparison.Ordinal);
            Assert.DoesNotContain("ontactHash", seen.Text, StringComparison.Ordinal);
        }

        var audit = await Shopctl.AuditAsync(shop);
        Assert.All(audit, e => Assert.Equal((AuditOutcome.Refused, "api"), (e.Outcome!.Value, e.Via)));
        Assert.Equal(listed.Count(l => l.Method != HttpMethod.Get) - ByBody.Count, audit.Count(e => e.Operator == Viewer));
        // Ten of unknown callers in a minute; the rest would only fill the topic.
        Assert.InRange(audit.Count(e => e.Operator == Operator.Unknown), 10, 20);
    }

    /// <summary>Not without approval, not by who asked, and outside the window not with it.</summary>
    private static async Task DangerousDeedsWaitAsync(AdminCaller admin, PlacedOrder order)
    {
        (string Path, string Body)[] dangerous =
        [
            ($"/v1/admin/reviews/{order.Id}/confirm-paid", """{"why":"w","reference":"r","amount":1000"""),
            ($"/v1/admin/reviews/{order.Id}/deliver", """{"why":"w" """),
            ($"/v1/admin/reviews/{order.Id}/refund", """{"why":"w" """),
            ($"/v1/admin/orders/{order.Id}/refund", """{"why":"w","amount":501"""),
            ($"/v1/admin/orders/{order.Id}/deliver", """{"why":"w","text":"goods" """),
            ($"/v1/admin/orders/{order.Id}/replace", $$"""{"why":"w","keyId":"{{Guid.Empty}}" """),
        ];
        foreach (var (path, body) in dangerous)
        {
            var asked = await admin.PostAsync(path, Shopctl.First, body + "}");
            Assert.True(asked.Status == HttpStatusCode.Accepted, $"{path}: {asked.Status} {asked.Text}");
            var approve = $"/v1/admin/approvals/{asked.Word("approvalId")}/approve";
            Assert.Equal(HttpStatusCode.Forbidden, (await admin.PostAsync(approve, Shopctl.First, """{"why":"mine"}""")).Status);
            Assert.Equal(HttpStatusCode.Forbidden, (await admin.PostAsync(approve, Plain, """{"why":"no approver"}""")).Status);
            Assert.Equal(HttpStatusCode.OK, (await admin.PostAsync(approve, Second, """{"why":"seen"}""")).Status);
            var late = await admin.PostAsync(path, Shopctl.First, $$"""{{body}},"approval":"{{asked.Word("approvalId")}}"}""");
            Assert.True(late.Status == HttpStatusCode.Forbidden, $"{path}: {late.Status} {late.Text}");
            Assert.Contains("window", late.Text, StringComparison.Ordinal);
        }

        Assert.Equal(
            HttpStatusCode.NotFound, (await admin.PostAsync("/v1/admin/approvals/nonsense/approve", Second, """{"why":"w"}""")).Status);
        var unsaid = await admin.PostAsync($"/v1/admin/orders/{order.Id}/refund", Plain, """{"amount":1}""");
        Assert.Equal(HttpStatusCode.BadRequest, unsaid.Status);
    }

    /// <summary>Below the limit by one alone, above it with a second; each once, however often it is sent.</summary>
    private static async Task RefundsAreDoneOnceAsync(RunningShop shop, AdminCaller admin, PlacedOrder order)
    {
        var path = $"/v1/admin/orders/{order.Id}/refund";
        const string small = """{"why":"for the wait","amount":100}""";
        var started = Stopwatch.StartNew();
        Assert.Equal("done", (await admin.PostAsync(path, Plain, small, "the-small-refund-1")).Word("result"));
        Assert.Equal("repeated", (await admin.PostAsync(path, Plain, small, "the-small-refund-1")).Word("result"));
        var other = await admin.PostAsync(path, Plain, """{"why":"for the wait","amount":101}""", "the-small-refund-1");
        Assert.Equal(HttpStatusCode.UnprocessableEntity, other.Status);

        var nothing = await admin.PostAsync($"/v1/admin/reviews/{order.Id}/dismiss", Plain, """{"why":"w"}""");
        Assert.Equal(HttpStatusCode.Conflict, nothing.Status);

        // The sweeper of the fleets sends it: this process does not reach RabbitMQ.
        await UntilRefundedAsync(shop, order, 1);
        TestContext.Current.TestOutputHelper?.WriteLine($"refunded at the provider {started.Elapsed.TotalSeconds:F1} s after the call");

        const string large = """{"why":"it did not work","amount":500""";
        var asked = await admin.PostAsync(path, Plain, large + "}");
        Assert.Equal(HttpStatusCode.Accepted, asked.Status);
        var id = asked.Word("approvalId");
        Assert.Equal(
            HttpStatusCode.OK,
            (await admin.PostAsync($"/v1/admin/approvals/{id}/approve", Second, """{"why":"seen","outsideWindow":true}""")).Status);
        var approved = $$"""{{large}},"approval":"{{id}}"}""";
        Assert.Equal(HttpStatusCode.Forbidden, (await admin.PostAsync(path, Shopctl.First, approved)).Status);
        Assert.Equal("done", (await admin.PostAsync(path, Plain, approved)).Word("result"));
        Assert.Equal("repeated", (await admin.PostAsync(path, Plain, approved)).Word("result"));
        var more = await admin.PostAsync(path, Plain, approved.Replace("500", "501", StringComparison.Ordinal));
        Assert.True(more.Status == HttpStatusCode.Forbidden, more.Text);
        await UntilRefundedAsync(shop, order, 2);
        Assert.Equal(600, await shop.CountAsync(
            "SELECT sum((r ->> 'amount')::bigint) FROM shop.mt_doc_paymentsaga, jsonb_path_query(data, '$.payments[*].refunds[*]') r"));

        var run = (await Shopctl.AuditAsync(shop)).Where(e => e.ApprovalId == id && e.RunId is not null).ToList();
        Assert.Equal([AuditOutcome.Started, AuditOutcome.Done], run.Select(e => e.Outcome!.Value));
        Assert.All(run, e => Assert.Equal((Plain, Second, "api"), (e.Operator, e.Approver, e.Via)));
        var shown = (await admin.GetAsync("/v1/admin/audit?limit=500", Viewer)).Json.GetProperty("entries");
        Assert.Contains(shown.EnumerateArray(), e => e.TryGetProperty("runId", out var r) && r.GetString() == run[0].RunId);
    }

    private static async Task ProductsAreChangedAsync(RunningShop shop, AdminCaller admin)
    {
        const string body = """{"why":"dearer","name":"Test CARD","price":1100,"version":1}""";
        const string path = "/v1/admin/products/CARD";
        async Task<AdminReply> PutAsync(string text) =>
            await admin.SendAsync(HttpMethod.Put, path, Shopctl.KeyOf(Plain), text);

        Assert.Equal(2, (await PutAsync(body)).Json.GetProperty("product").GetProperty("version").GetInt32());
        Assert.Equal(2, (await PutAsync(body)).Json.GetProperty("product").GetProperty("version").GetInt32());
        Assert.Equal(HttpStatusCode.Conflict, (await PutAsync(body.Replace("1100", "1200", StringComparison.Ordinal))).Status);
        Assert.Equal(HttpStatusCode.BadRequest, (await PutAsync("""{"why":"w","name":"n","price":1,"cost":2}""")).Status);
        Assert.Equal(HttpStatusCode.BadRequest, (await PutAsync("""{"why":"w","name":"n","price":0}""")).Status);
        await ProductsAreDescribedAsync(admin, PutAsync);
        var overview = (await admin.GetAsync("/v1/admin/overview", Viewer)).Json;
        Assert.Equal("open", overview.GetProperty("fence").GetProperty("state").GetString());
        Assert.Empty(overview.GetProperty("away").EnumerateArray());
        Assert.Equal(3, await shop.CountAsync("SELECT mt_version FROM shop.mt_doc_product WHERE id = 'CARD'"));
    }

    /// <summary>Category, description and tiers are set once, however often they are sent; what is left out stays.</summary>
    private static async Task ProductsAreDescribedAsync(AdminCaller admin, Func<string, Task<AdminReply>> put)
    {
        const string body =
            """{"why":"w","name":"Test CARD","price":1100,"category":"Games","description":"1\r\n2","tiers":[{"from":10,"price":900}]}""";
        Assert.Equal(3, (await put(body)).Json.GetProperty("product").GetProperty("version").GetInt32());
        Assert.Equal(3, (await put(body)).Json.GetProperty("product").GetProperty("version").GetInt32());
        await put("""{"why":"w","name":"Test CARD","price":1100}""");
        var wrong = await put(body.Replace("900", "1101", StringComparison.Ordinal));
        Assert.Equal(HttpStatusCode.BadRequest, wrong.Status);
        Assert.Contains("from 10 it is 1101, before 1100", wrong.Text, StringComparison.Ordinal);
        var card = (await admin.GetAsync("/v1/admin/products", Viewer)).Json.GetProperty("products").EnumerateArray()
            .Select(p => p.GetProperty("product")).Single(p => p.GetProperty("sku").GetString() == "CARD");
        Assert.Equal("Games 1\n2", $"{card.GetProperty("category")} {card.GetProperty("description")}");
        Assert.Equal("""[{"from":10,"price":900}]""", card.GetProperty("tiers").GetRawText());
    }

    /// <summary>
    /// Loopback is no exception, and then a right key is not looked at either. Wrong keys are counted by the minute: one may end
    /// in the midst of these tries.
    /// </summary>
    private static async Task TooManyWrongKeysLockOutAsync(RunningShop shop, AdminCaller admin)
    {
        AdminReply reply;
        var tries = 0;
        do
        {
            reply = await admin.SendAsync(HttpMethod.Get, "/v1/admin/me", WrongKey);
        }
        while (reply.Status == HttpStatusCode.Unauthorized && ++tries <= 2 * WrongKeys);
        Assert.Equal(HttpStatusCode.TooManyRequests, reply.Status);
        Assert.InRange(reply.Message.Headers.RetryAfter!.Delta!.Value.TotalSeconds, 1, 300);
        Assert.Equal(HttpStatusCode.TooManyRequests, (await admin.GetAsync("/v1/admin/me", Shopctl.First)).Status);
        Assert.Contains(
            await Shopctl.AuditAsync(shop), e => e.Problem?.StartsWith("locked out", StringComparison.Ordinal) == true);
    }

    private static Task UntilRefundedAsync(RunningShop shop, PlacedOrder order, int refunds) => Eventually.TrueAsync(
        async () => await shop.CountAsync(
            "SELECT count(*) FROM shop.mt_doc_paymentsaga, jsonb_path_query(data, '$.payments[*].refunds[*]') r " +
            $"WHERE id = '{order.Id}' AND r ->> 'state' = 'done'") == refunds,
        $"{refunds} refunds are done at the provider");

    /// <summary>What the calls could change: products, stock, keys and orders.</summary>
    private static async Task<string> StateAsync(RunningShop shop)
    {
        await using var command = shop.Database.CreateCommand(
            """
            SELECT (SELECT string_agg(s::text, ' ') FROM shop.stock s)
                || (SELECT string_agg(id || data::text || mt_version, ' ' ORDER BY id) FROM shop.mt_doc_product)
                || (SELECT string_agg(id::text || status || kek, ' ' ORDER BY id) FROM shop.card_keys)
                || (SELECT string_agg(
                        id || (data ->> 'status') || (data -> 'payments')::text || coalesce((data -> 'acts')::text, ''), ' ' ORDER BY id)
                    FROM shop.mt_doc_paymentsaga)
            """);
        return (string)(await command.ExecuteScalarAsync(TestContext.Current.CancellationToken))!;
    }
}
