using System.Globalization;
using CardShop.Contracts;
using CardShop.Shop.Orders;

namespace CardShop.Tests.Integration.Shop.Faults;

/// <summary>A row that was played.</summary>
/// <param name="Title">Columns: channel, fault, at, when, what the buyer did.</param>
/// <param name="Failure">Why the story could not be told; null where it was.</param>
public sealed record PlayedRow(
    IReadOnlyList<string> Title, string OrderId, string Token, IReadOnlySet<string> Expected, long Lie, string? Failure);

/// <summary>Plays all rows at once: each fault is planned for the numbers of its own order alone.</summary>
public sealed class FaultRun(RunningShop shop, OrderBoard board, SandboxControl sandbox)
{
    public const long Price = 1_000;
    private const string Contact = "buyer@example.org";
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    private readonly TaskCompletionSource _allAccepted = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _nothingLeft = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _expected;

    /// <summary>The products: with time enough, with little, and one whose only key somebody else gets.</summary>
    public static async Task AddProductsAsync(RunningShop shop, int rows)
    {
        await shop.AddProductAsync("OPEN", rows, Price, holdSeconds: 60);
        await shop.AddProductAsync("BRIEF", rows * 2, Price, holdSeconds: 18);
        await shop.AddProductAsync("GONE", keys: 1, Price, holdSeconds: 20, hold: HoldPolicy.Payment);
    }

    public async Task<IReadOnlyList<PlayedRow>> PlayAsync(IReadOnlyList<FaultRow> rows)
    {
        _expected = rows.Count(r => r.NothingLeft);
        var sellingOut = SellOutAsync();
        var played = await Task.WhenAll(rows.Select(PlayAsync));
        await sellingOut;
        return [.. played.SelectMany(r => r)];
    }

    private async Task<IReadOnlyList<PlayedRow>> PlayAsync(FaultRow row, int place)
    {
        var sku = row.NothingLeft ? "GONE"
            : row.Faults[0].Method == "create" && row.Story == Story.Pays && row.Channel != "unionpay" ? "OPEN"
            : "BRIEF";
        var key = string.Create(CultureInfo.InvariantCulture, $"fault-table-row-{place:0000}");
        var orderId = OrderIds.FromIdempotencyKey('a', shop.Secrets.OrderId, Contacts.Normalise(Contact), sku, key);
        var number = OrderIds.ProviderNumber(orderId, 1);
        IReadOnlyList<string> title = [row.Channel, row.Fault, row.Method, row.When, TextOf(row)];
        PlacedOrder? order = null, victim = null;
        string? failure = null;
        try
        {
            string? other = null;
            if (row.VictimChannel is { } victimChannel)
            {
                victim = await shop.PlaceAsync("BRIEF", key: "victim-" + key, contact: Contact, channel: victimChannel);
                other = OrderIds.ProviderNumber(victim.Id, 1);
                await LinkAsync(victim.Id);
            }

            foreach (var fault in row.Faults)
            {
                await sandbox.PlanAsync(fault, row.Channel, number, other);
            }

            order = await shop.PlaceAsync(sku, key: key, contact: Contact, channel: row.Channel);
            if (order.Id != orderId)
            {
                throw new InvalidOperationException("The order's id does not derive from its key.");
            }

            await TellAsync(row, order, number);
            if (row.VictimPays)
            {
                await board.UntilAsync(
                    victim!.Id, o => o.Payment.Status == PaymentStatus.Review, "is named by another's notification", Deadline);
                await shop.PayNumberAsync(other!);
            }
        }
        catch (Exception e) when (e is TimeoutException or HttpRequestException or InvalidOperationException)
        {
            failure = e.Message;
        }

        var main = new PlayedRow(title, orderId, order?.Token ?? string.Empty, row.Expected, row.Lie, failure);
        return victim is null
            ? [main]
            :
            [
                main,
                new(
                    [row.VictimChannel!, "named by another's", "notify", "before", row.VictimPays ? "pays then" : "unpaid"],
                    victim.Id, victim.Token, new HashSet<string> { "review" }, Price, null),
            ];
    }

    private async Task TellAsync(FaultRow row, PlacedOrder order, string number)
    {
        if (row.NothingLeft)
        {
            await board.UntilAsync(order.Id, o => o.Payment.Order is not null, "is accepted", Deadline);
            if (Interlocked.Decrement(ref _expected) == 0)
            {
                _allAccepted.TrySetResult();
            }

            if (row.Story is Story.Pays or Story.Cancels)
            {
                await _nothingLeft.Task;
            }
        }

        switch (row.Story)
        {
            case Story.Pays:
                await shop.PayNumberAsync(await LinkAsync(order.Id));
                break;
            case Story.PaysUnseen:
                await Eventually.TrueAsync(() => sandbox.IsOpenedAsync(number), "the provider has opened the trade");
                await shop.PayNumberAsync(number);
                break;
            case Story.GoesAway:
                await LinkAsync(order.Id);
                await sandbox.ScanAsync(number);
                break;
            case Story.Cancels:
                await LinkAsync(order.Id);
                await sandbox.ScanAsync(number);
                await CancelAsync(order);
                break;
            case Story.PaysAndCancels:
                await LinkAsync(order.Id);
                await shop.PayNumberAsync(number);
                await CancelAsync(order);
                break;
            case Story.PaysLate:
                await board.UntilAsync(order.Id, o => o is { Payment.Status: PaymentStatus.Expired, IsQuiet: true }, "expires", Deadline);
                await shop.PayNumberAsync(number);
                break;
            default:
                throw new InvalidOperationException($"There is no story {row.Story}.");
        }
    }

    /// <summary>Somebody without any trouble gets the only key, once all orders that are to miss it are accepted.</summary>
    private async Task SellOutAsync()
    {
        await _allAccepted.Task.WaitAsync(Deadline);
        var lucky = await shop.PlaceAsync("GONE", contact: "lucky@example.org");
        await LinkAsync(lucky.Id);
        await shop.PayNumberAsync(OrderIds.ProviderNumber(lucky.Id, 1));
        await board.UntilAsync(lucky.Id, o => o.Delivery is { Status: DeliveryStatus.Delivered }, "is delivered", Deadline);
        _nothingLeft.TrySetResult();
    }

    /// <returns>The number of the attempt that has a link.</returns>
    private async Task<string> LinkAsync(string orderId)
    {
        var order = await board.UntilAsync(orderId, o => o.Payment.Attempts is [.., { Link: not null }], "has a link", Deadline);
        return order.Payment.Attempts[^1].Number;
    }

    private async Task CancelAsync(PlacedOrder order)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(shop.Api, $"/v1/orders/{order.Id}/cancel"));
        request.Headers.Authorization = new("Bearer", order.Token);
        using var answer = await shop.Http.SendAsync(request);
        answer.EnsureSuccessStatusCode();
    }

    private static string TextOf(FaultRow row) =>
        row.Story switch
        {
            Story.Pays => "pays",
            Story.PaysUnseen => "pays, link or not",
            Story.GoesAway => "goes away",
            Story.Cancels => "cancels",
            Story.PaysAndCancels => "pays and cancels",
            Story.PaysLate => "pays late",
            _ => throw new ArgumentOutOfRangeException(nameof(row), row.Story, "Unknown story."),
        }
        + (row.NothingLeft ? ", nothing left" : string.Empty)
        + (row.Faults.Any(f => f.Silent) ? ", never notified" : string.Empty);
}
