using System.Collections.Frozen;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using CardShop.Api.Orders;
using CardShop.Api.Partners;
using CardShop.Api.Payments;
using CardShop.Api.Products;
using CardShop.Contracts;

namespace CardShop.Api.Reference;

/// <summary>An example of every body, made of the very types that are read and written: none can be out of date.</summary>
internal static partial class ReferenceExamples
{
    private const string Order = "a2f6k3m7q5t4v2x6y7z3b5c4d6";
    private const string Sku = "DEMO-50";

    private static readonly DateTimeOffset At = new(2030, 1, 1, 8, 0, 0, TimeSpan.Zero);
    private static readonly MoneyView Price = new("CNY", 5_000);

    private static readonly ProductView Shown =
        new(Sku, "Demo card 50 yuan", Price, 320, 10, true, 900, ProductKind.Unique, "Game credit", [new(10, 4_500)]);

    private static readonly FrozenDictionary<Type, Func<JsonNode>> ByType =
        new[]
        {
            Of(new OrderRequest(Sku, 1, "buyer@example.org", "alipay", "open sesame"), RequestJson.Default.OrderRequest),
            Of(new OrderAccepted(Order, "queued", "/v1/orders/" + Order, "b3JkZXItdG9rZW4", At, Price, new(12, 1)), ApiJson.Default.OrderAccepted),
            Of(new OrderView(
                Order, Sku, "awaiting-payment", 1, Price, At,
                Payment: new("alipay", "https://pay.example/" + Order + "01", null, At.AddMinutes(15))), ApiJson.Default.OrderView),
            Of(new ChannelRequest("wechat"), RequestJson.Default.ChannelRequest),
            Of(new OrderNoted(Order, "/v1/orders/" + Order), ApiJson.Default.OrderNoted),
            Of(new LookupRequest("buyer@example.org", "open sesame"), RequestJson.Default.LookupRequest),
            Of(new LookupResult([new(Order, Sku, 1, Price, At, "/v1/orders/" + Order, "b3JkZXItdG9rZW4")]), ApiJson.Default.LookupResult),
            Of(new ProductList(
                [Shown], [new ChannelView("alipay", true)]), ApiJson.Default.ProductList),
            Of(new ProductDetails(
                Shown with { Description = "A code of 15 letters. Steam: Games, Redeem a Steam Gift Card." }, [new ChannelView("alipay", true)]),
                ApiJson.Default.ProductDetails),
            Of(new EventPage([Event()], "AAECAwQ", false), ApiJson.Default.EventPage),
            Of(new WebhookReplayRequest(At, At.AddDays(1)), RequestJson.Default.WebhookReplayRequest),
            Of(new WebhookReplayAccepted("accepted"), ApiJson.Default.WebhookReplayAccepted),
        }.Concat(ForOperators()).ToFrozenDictionary(e => e.Type, e => e.Make);

    private static readonly FrozenDictionary<string, string> Texts = new Dictionary<string, string>
    {
        ["text/event-stream"] = $$"""
            event: order
            data: {"orderId":"{{Order}}","sku":"{{Sku}}","status":"paid"}


            """,
        ["image/svg+xml"] = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 37 37"><path d="M4 4h7v1H4z"/></svg>""",
        ["text/plain"] = "success",
        ["text/html"] = """<!doctype html><form method="post" action="https://gateway.example/pay">…</form>""",
        ["application/x-ndjson"] = """
            {"note":"2 of 2 lines …","progress":true}
            {"line":"imported 2"}
            {"exit":0}

            """,
        ["text/csv"] = "day,sku,placed,paid\r\n2030-01-01,DEMO-50,120,96\r\n",
    }.ToFrozenDictionary();

    /// <returns>Null where the type has none: a test demands one for every type of the document.</returns>
    public static JsonNode? Of(Type type) => ByType.TryGetValue(type, out var make) ? make() : null;

    /// <summary>For bodies that are no JSON.</summary>
    public static JsonNode? OfText(string contentType) =>
        Texts.TryGetValue(contentType, out var text) ? JsonValue.Create(text) : null;

    private static (Type Type, Func<JsonNode> Make) Of<T>(T value, JsonTypeInfo<T> json) =>
        (typeof(T), () => JsonSerializer.SerializeToNode(value, json)!);

    private static CloudEventView Event()
    {
        using var data = JsonDocument.Parse($$"""{"orderId":"{{Order}}","sku":"{{Sku}}","quantity":1}""");
        return new(
            "1.0", Order + "-delivered", "/cardshop/a", MessageTypes.OrderDelivered, Order, At.AddSeconds(20), "application/json",
            "0000000005", data.RootElement.Clone());
    }
}
