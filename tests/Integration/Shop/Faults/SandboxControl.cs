using System.Net;
using System.Text;
using System.Text.Json;
using CardShop.Shop.Orders;

namespace CardShop.Tests.Integration.Shop.Faults;

/// <summary>What the provider's books say of one order: all its trades together, in fen.</summary>
public readonly record struct BookedMoney(long Received, long Returned);

/// <summary>Sandbox's control interface.</summary>
public sealed class SandboxControl(RunningShop shop)
{
    public async Task PlanAsync(PlannedFault fault, string channel, string number, string? other = null)
    {
        var named = other is null ? string.Empty : $",\"other\":\"{other}\"";
        using var body = new StringContent(
            $$"""
            {"kind":"{{fault.Kind}}","channel":"{{channel}}","method":"{{fault.Method}}","times":{{fault.Times}},
             "milliseconds":{{fault.Milliseconds}},"copies":20,"number":"{{number}}"{{named}}}
            """,
            Encoding.UTF8, "application/json");
        using var answer = await shop.Http.PostAsync(At("/control/faults"), body);
        answer.EnsureSuccessStatusCode();
    }

    public async Task ScanAsync(string number)
    {
        using var answer = await shop.Http.PostAsync(At($"/control/trades/{number}/scan"), null);
        answer.EnsureSuccessStatusCode();
    }

    public async Task<bool> IsOpenedAsync(string number)
    {
        using var answer = await shop.Http.GetAsync(At("/control/trades/" + number));
        return answer.StatusCode == HttpStatusCode.OK;
    }

    /// <summary>Money by order id.</summary>
    public async Task<Dictionary<string, BookedMoney>> BooksAsync()
    {
        var books = new Dictionary<string, BookedMoney>();
        await ReadTradesAsync((order, trade) =>
        {
            var isPaid = trade.TryGetProperty("paidAt", out var at) && at.ValueKind == JsonValueKind.String;
            var had = books.GetValueOrDefault(order);
            books[order] = new(
                had.Received + (isPaid ? trade.GetProperty("amountMinor").GetInt64() : 0),
                had.Returned + trade.GetProperty("refundedMinor").GetInt64());
        });
        return books;
    }

    /// <summary>When each order's first trade was opened, by order id.</summary>
    public async Task<Dictionary<string, DateTimeOffset>> OpenedAsync()
    {
        var opened = new Dictionary<string, DateTimeOffset>();
        await ReadTradesAsync((order, trade) => opened.TryAdd(order, trade.GetProperty("openedAt").GetDateTimeOffset()));
        return opened;
    }

    private async Task ReadTradesAsync(Action<string, JsonElement> read)
    {
        for (var skip = 0; ; skip += 1_000)
        {
            using var answer = await shop.Http.GetAsync(At($"/control/trades?skip={skip}&limit=1000"));
            answer.EnsureSuccessStatusCode();
            using var json = JsonDocument.Parse(await answer.Content.ReadAsStringAsync());
            var trades = json.RootElement.GetProperty("trades");
            foreach (var trade in trades.EnumerateArray())
            {
                read(OrderIds.OfProviderNumber(trade.GetProperty("number").GetString()!)!, trade);
            }

            if (trades.GetArrayLength() < 1_000)
            {
                return;
            }
        }
    }

    private Uri At(string path) => new(shop.Sandbox, path);
}
