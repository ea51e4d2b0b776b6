using System.Text;
using System.Text.Json;
using CardShop.Contracts;
using CardShop.Pipeline.Batches;
using CardShop.Pipeline.Bus;
using CardShop.Shop.Store;
using CardShop.Shopctl.DeadLetters;
using CardShop.Shopctl.Orders;
using CardShop.Shopctl.Servers;
using CardShop.Shopctl.Settings;
using CardShop.Tests.Integration.Servers;
using Microsoft.Extensions.Logging;
using RabbitMQ.Client;
using Xunit;

namespace CardShop.Tests.Integration.Shop;

/// <summary>Dead letters, the error queue and the story of an order, by shopctl on a running shop.</summary>
public sealed class When_something_could_not_be_processed(TestServers servers)
{
    private static readonly Dictionary<string, string> Settings = new() { ["Sandbox:AutoPay"] = "true" };

    [Fact]
    public async Task It_is_processed_again_or_put_away_and_its_order_goes_on()
    {
        await using var shop = await RunningShop.StartAsync(servers, Settings);
        await shop.AddProductAsync("LETTER", keys: 20);

        var garbage = await GarbageAsync(shop);
        Assert.Equal(0, await Shopctl.RunAsync(shop, "dead-letters", "list"));
        Assert.Equal(0, await Shopctl.RunAsync(shop, "dead-letters", "show", garbage));
        Assert.Equal(1, await Shopctl.RunAsync(shop, "dead-letters", "retry", garbage, "--why", "a test"));
        Assert.Equal(["open"], await StatesAsync(shop));
        Assert.Equal(0, await Shopctl.RunAsync(shop, "dead-letters", "discard", garbage, "--why", "nobody's"));
        Assert.Equal(["discarded"], await StatesAsync(shop));
        Assert.Equal(1, await Shopctl.RunAsync(shop, "dead-letters", "retry", garbage));

        var order = await GivenUpAsync(shop);
        await shop.UntilAsync(order, "review");
        Assert.Equal(0, await Shopctl.RunAsync(shop, "dead-letters", "retry", "--all-matching", "--order", order.Id));
        await shop.UntilAsync(order, "delivered");
        Assert.Equal(0, await shop.CountAsync("SELECT count(*) FROM shop.progress WHERE grp LIKE '%-retry-%'"));
        var saga = await ReviewQueries.FindAsync(shop.Database, order.Id, default);
        Assert.NotNull(Assert.Single(saga!.Reviews!).ClosedAt);
        Assert.Equal(["discarded", "retried"], await StatesAsync(shop));

        await FailedCommandAsync(shop, order.Id);
        await FailedCommandAsync(shop, "b" + order.Id[1..]);
        Assert.Equal(0, await Shopctl.RunAsync(shop, "errors", "list"));
        await ErrorsAsync(shop, 2);
        Assert.Equal(0, await Shopctl.RunAsync(shop, "errors", "show", "m-" + order.Id));
        Assert.Equal(0, await Shopctl.RunAsync(shop, "errors", "retry", "m-" + order.Id, "--why", "a test"));
        await ErrorsAsync(shop, 1);
        Assert.Equal(1, await Shopctl.RunAsync(shop, "errors", "retry", "m-" + order.Id));
        Assert.Equal(0, await Shopctl.RunAsync(shop, "errors", "discard", "--all-matching", "--exception", "not today", "--why", "w"));
        await ErrorsAsync(shop, 0);

        await TellAsync(shop, order);
        await OutOfReviewAsync(shop, order.Id);
    }

    /// <summary>Two commands of one order were given up: sent back in one run, they leave neither letter nor case open.</summary>
    private static async Task OutOfReviewAsync(RunningShop shop, string orderId)
    {
        await ReviewAsync(shop, orderId);
        foreach (var prefix in new[] { "one-", "two-" })
        {
            await LetterAsync(shop, new(
                Queues.Delivery, 0, 0, prefix + orderId, "CardShop.Contracts.DeliverOrder", "TimeoutException: see the log", orderId,
                DateTimeOffset.UtcNow, CommandOf(orderId)));
            await FailedCommandAsync(shop, orderId, prefix);
        }

        await ErrorsAsync(shop, 2);
        Assert.Equal(0, await Shopctl.RunAsync(shop, "errors", "retry", "--all-matching", "--order", orderId, "--why", "a test"));
        await ErrorsAsync(shop, 0);
        var saga = await ReviewQueries.FindAsync(shop.Database, orderId, default);
        Assert.All(saga!.Reviews!, r => Assert.NotNull(r.ClosedAt));
        Assert.Equal(["discarded", "retried", "retried", "retried"], (await StatesAsync(shop)).Order());
    }

    private static async Task TellAsync(RunningShop shop, PlacedOrder order)
    {
        Assert.Equal(0, await Shopctl.RunAsync(shop, "order", order.Id, "--story"));
        Assert.Equal(0, await Shopctl.RunAsync(shop, "review", "show", order.Id));
        await using var open = Open(shop);
        var story = await OrderStory.ReadAsync(open, order.Id, null, default);
        Assert.Equal(story.Lines.OrderBy(l => l.At), story.Lines);
        foreach (var part in new[]
        {
            "accepted: 1 x LETTER", "a dead letter from shop.orders.v1", "case poison is opened", "case poison is closed",
            "payment is reserved", "says of", "delivered: keys", "partners are told cardshop.order.delivered.v1",
        })
        {
            Assert.Contains(story.Lines, l => l.What.Contains(part, StringComparison.Ordinal));
        }

        Assert.DoesNotContain(
            story.Lines,
            l => l.What.Contains("buyer@example.org", StringComparison.Ordinal) || l.What.Contains("-secret-", StringComparison.Ordinal));
    }

    /// <summary>A record that means nothing; named as operators name its letter.</summary>
    private static async Task<string> GarbageAsync(RunningShop shop)
    {
        await shop.Log.ProduceAsync(
            new(
                Topics.Orders.Name, Topics.Orders.PartitionOf("LETTER"), Encoding.UTF8.GetBytes("LETTER"), "{"u8.ToArray(),
                [new(RecordHeaders.Type, Encoding.UTF8.GetBytes(MessageTypes.OrderPlaced))]),
            default);
        await Eventually.TrueAsync(
            async () => (await shop.RecordsAsync(Topics.DeadLetters)).Count == 1, "the record is a dead letter");
        var letter = (await shop.RecordsAsync(Topics.DeadLetters))[0];
        return new LetterPlace(letter.Partition.Partition, letter.Offset).ToString();
    }

    /// <summary>An order whose record a fleet gave up: a letter, a case, and nothing else.</summary>
    private static async Task<PlacedOrder> GivenUpAsync(RunningShop shop)
    {
        await shop.StopFleetsAsync();
        var order = await shop.PlaceAsync("LETTER");
        var record = (await shop.RecordsAsync(Topics.Orders)).Single(r => Encoding.UTF8.GetString(r.Value!).Contains(order.Id, StringComparison.Ordinal));
        await ReviewAsync(shop, order.Id);
        Assert.Equal(0, await shop.CountAsync(
            $"WITH m AS (UPDATE shop.progress SET next_offset = next_offset + 1 WHERE grp = 'orders' AND partition = {record.Partition.Partition.Text()}) SELECT 0"));
        await LetterAsync(shop, new(
            Topics.Orders.Name, record.Partition.Partition, record.Offset, record.Key, record.Type, "TimeoutException: see the log",
            order.Id, DateTimeOffset.UtcNow, record.Value!));
        shop.StartFleets();
        return order;
    }

    private static async Task ReviewAsync(RunningShop shop, string orderId)
    {
        await using var connection = await shop.Database.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await PostgresShopStore.ReviewAsync(connection, orderId, "A message could not be processed", default);
        await transaction.CommitAsync();
    }

    private static Task LetterAsync(RunningShop shop, DeadLetter letter) => shop.Log.ProduceAsync(
        new(
            Topics.DeadLetters.Name, Topics.DeadLetters.PartitionOf(letter.Topic), Encoding.UTF8.GetBytes(letter.Topic),
            JsonSerializer.SerializeToUtf8Bytes(letter, ContractsJson.Default.DeadLetter),
            [new(RecordHeaders.Type, Encoding.UTF8.GetBytes(MessageTypes.DeadLetter))]),
        default);

    private static byte[] CommandOf(string orderId) =>
        JsonSerializer.SerializeToUtf8Bytes(new DeliverOrder(orderId, 1), CommandsJson.Default.DeliverOrder);

    private static async Task FailedCommandAsync(RunningShop shop, string orderId, string prefix = "m-")
    {
        await using var bus = new RabbitBus(
            new(new(shop.Settings["RabbitMq:Uri"]), "test", 100, TimeSpan.FromSeconds(10)), TimeProvider.System, new Random(),
            TestLogs.Factory.CreateLogger<RabbitBus>());
        var properties = new BasicProperties
        {
            MessageId = prefix + orderId,
            Type = "CardShop.Contracts.DeliverOrder",
            Headers = new Dictionary<string, object?> { [NServiceBusHeaders.ConversationId] = orderId },
        };
        await bus.SendToErrorAsync(
            new(Queues.Delivery, prefix + orderId, properties.Type, orderId, 0, 3, CommandOf(orderId), properties, new Unsettled()),
            new InvalidOperationException("not today"), default);
    }

    /// <summary>Waits until the error queue has so many: what is given back is counted a moment later.</summary>
    private static async Task ErrorsAsync(RunningShop shop, uint count)
    {
        await using var connection =
            await new ConnectionFactory { Uri = new(shop.Settings["RabbitMq:Uri"]) }.CreateConnectionAsync();
        await using var channel = await connection.CreateChannelAsync();
        await Eventually.TrueAsync(
            async () => (await channel.QueueDeclarePassiveAsync(Queues.Error)).MessageCount == count,
            $"the error queue has {count} messages");
    }

    private static async Task<IReadOnlyList<string>> StatesAsync(RunningShop shop)
    {
        var records = await shop.RecordsAsync(Topics.DeadLetters);
        var resolved = records.Where(r => r.Type == MessageTypes.DeadLetterResolved).ToDictionary(
            r => (r.Partition, JsonSerializer.Deserialize(r.Value, ContractsJson.Default.DeadLetterResolved)!.Offset),
            r => JsonSerializer.Deserialize(r.Value, ContractsJson.Default.DeadLetterResolved)!.How);
        return
        [
            .. records.Where(r => r.Type == MessageTypes.DeadLetter).OrderBy(r => r.Offset)
                .Select(r => resolved.GetValueOrDefault((r.Partition, r.Offset), "open")),
        ];
    }

    private static ShopServers Open(RunningShop shop) => new(
        new ShopctlSettings(name => shop.Setting(name.Replace("__", ":", StringComparison.Ordinal))), TimeProvider.System);

    private sealed class Unsettled : IDeliverySettlement
    {
        public ValueTask AckAsync() => ValueTask.CompletedTask;
    }
}
