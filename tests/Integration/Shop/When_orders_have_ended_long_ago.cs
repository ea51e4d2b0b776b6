using CardShop.Contracts;
using CardShop.Pipeline.Log;
using CardShop.Shop.Housekeeping;
using CardShop.Tests.Integration.Servers;
using Microsoft.Extensions.Logging;
using Xunit;

namespace CardShop.Tests.Integration.Shop;

/// <summary>The log is trimmed, orders move to files, a buyer is forgotten, and every invariant still holds.</summary>
public sealed class When_orders_have_ended_long_ago(TestServers servers)
{
    [Fact]
    public async Task They_move_to_files_the_log_is_trimmed_and_a_buyer_is_forgotten()
    {
        var folder = servers.NewFolder("archive");
        await using var shop = await RunningShop.StartAsync(servers, new Dictionary<string, string>
        {
            ["Sandbox:AutoPay"] = "true",
            ["Archive:Directory"] = folder,
            ["Housekeeping:Every"] = "00:00:00",
            ["Housekeeping:KeepLogDays"] = "0",
            ["Housekeeping:ArchiveAfterDays"] = "0",
        });
        await shop.AddProductAsync("OLD", keys: 40);
        var order = await PlaceAsync(shop, 12, "forget-me@example.org");
        await PlaceAsync(shop, 12, "another@example.org");
        await DeliveredAsync(shop, 24);
        var shown = await shop.UntilAsync(order, "delivered");

        // Without a backup nothing is trimmed; with one only what it holds.
        Assert.Equal(0, await Shopctl.RunAsync(shop, "housekeeping", "plan"));
        Assert.Equal(0, await FirstAsync(shop, Topics.Orders));
        await NoteBackupAsync(shop);
        await PlaceAsync(shop, 6, "forget-me@example.org");
        await DeliveredAsync(shop, 30);
        Assert.Equal(0, await Shopctl.RunAsync(shop, "housekeeping", "run"));

        Assert.Equal(24, await FirstAsync(shop, Topics.Orders));
        Assert.True(await FirstAsync(shop, Topics.SagaFacts) > 0);
        Assert.True(await FirstAsync(shop, Topics.Deliveries) > 0);
        Assert.Equal((0, 0, 30), (
            await shop.CountAsync("SELECT count(*) FROM shop.mt_doc_paymentsaga"),
            await shop.CountAsync("SELECT count(*) FROM shop.mt_doc_deliverysaga"),
            await shop.CountAsync("SELECT count(*) FROM shop.archive WHERE final_status = 'delivered'")));
        Assert.Equal(0, await shop.CountAsync("SELECT count(*) FROM shop.archive_files WHERE done_at IS NULL"));
        Assert.Equal(0, await Shopctl.RunAsync(shop, "audit"));

        // The buyer's page and the operators' still show it; a repeat of its order changes nothing.
        var (_, archived) = await shop.ShowAsync(order);
        Assert.Equal(shown.GetProperty("delivery").GetRawText(), archived.GetProperty("delivery").GetRawText());
        Assert.Equal(0, await Shopctl.RunAsync(shop, "order", order.Id));

        // One that was begun and never came to its transaction leaves no file.
        var files = new ArchiveFiles(folder);
        await files.WriteAsync("2020-01/left.jsonl.gz", []);
        await shop.CountAsync("INSERT INTO shop.archive_files (place, begun_at) VALUES ('2020-01/left.jsonl.gz', now()) RETURNING 1");
        Assert.Equal(0, await Shopctl.RunAsync(shop, "housekeeping", "run"));
        Assert.Empty(files.Places("2020-01"));

        // The second run of an erasure finds nothing more; the other buyer's orders are as they were.
        var orders = await ReadAllAsync(files);
        var mine = orders.Where(o => o.Payment.Order!.ContactHash == orders.Single(x => x.Id == order.Id).Payment.Order!.ContactHash).ToList();
        Assert.Equal(18, mine.Count);
        var later = await PlaceAsync(shop, 1, "forget-me@example.org");
        await DeliveredAsync(shop, 1);
        // Typed twice: for the request, and under its approval.
        using (var input = new StringReader(" Forget-Me@example.org \nforget-me@example.org\n"))
        {
            Console.SetIn(input);
            Assert.Equal(0, await Shopctl.RunAsync(shop, "buyer", "erase", "--contact-stdin", "--why", "asked by letter"));
        }

        var after = (await ReadAllAsync(files)).ToDictionary(o => o.Id);
        Assert.All(mine, o => Assert.Equal((ContactErasure.Erased, ""), (after[o.Id].Payment.Order!.Contact, after[o.Id].Payment.Order!.ContactHash)));
        Assert.Equal(12, after.Values.Count(o => o.Payment.Order!.ContactHash.Length > 0));
        Assert.Equal(1, await shop.CountAsync(
            $$"""SELECT count(*) FROM shop.mt_doc_paymentsaga WHERE id = '{{later.Id}}' AND data #>> '{order,contact}' = 'erased:'"""));
        await Eventually.TrueAsync(
            async () => await shop.CountAsync("SELECT count(*) FROM shop.outbox") == 0, "the erased saga's fact is sent");
        Assert.Equal(0, await Shopctl.RunAsync(shop, "audit"));
        (_, archived) = await shop.ShowAsync(order);
        Assert.Equal("delivered", archived.GetProperty("status").GetString());
    }

    private static async Task<PlacedOrder> PlaceAsync(RunningShop shop, int count, string contact)
    {
        PlacedOrder? last = null;
        for (var i = 0; i < count; i++)
        {
            last = await shop.PlaceAsync("OLD", contact: contact);
        }

        return last!;
    }

    /// <summary>What <c>shopctl backup</c> notes, without a backup.</summary>
    private static async Task NoteBackupAsync(RunningShop shop)
    {
        var position = await KeptBackupStore.PositionAsync(shop.Database, default);
        await KeptBackupStore.ReplaceAsync(
            shop.Database, [new("noted", "full", DateTimeOffset.UtcNow, DateTimeOffset.UtcNow, position.CommitNo, position.Progress)], default);
    }

    private static Task DeliveredAsync(RunningShop shop, int orders) => Eventually.TrueAsync(
        async () => await shop.CountAsync("SELECT count(*) FROM shop.mt_doc_deliverysaga WHERE data ->> 'status' = 'delivered'") == orders
            && await shop.CountAsync("SELECT count(*) FROM shop.outbox") == 0
            && await ProcessedAsync(shop),
        $"{orders} orders are delivered, and their events were read");

    /// <summary>The notifications fleet has read every event: it is one of those whose progress counts.</summary>
    private static async Task<bool> ProcessedAsync(RunningShop shop) =>
        await shop.CountAsync("SELECT coalesce(sum(next_offset), 0) FROM shop.progress WHERE topic = 'shop.deliveries.v1'")
            == (await shop.Log.EndsAsync([Topics.Deliveries], default)).Values.Sum();

    private static async Task<long> FirstAsync(RunningShop shop, Topic topic)
    {
        var ranges = new KafkaRanges(
            new(shop.Settings["Kafka:BootstrapServers"], "test", TimeSpan.FromSeconds(10), TimeSpan.Zero), TimeProvider.System,
            TestLogs.Factory.CreateLogger<KafkaRanges>());
        return (await ranges.BoundsAsync(topic, default)).Values.Sum(b => b.First);
    }

    private static async Task<List<ArchivedOrder>> ReadAllAsync(ArchiveFiles files)
    {
        var orders = new List<ArchivedOrder>();
        foreach (var place in files.Places())
        {
            orders.AddRange(await files.ReadAsync(place, default));
        }

        return orders;
    }
}
