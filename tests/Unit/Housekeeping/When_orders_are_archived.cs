using System.IO.Compression;
using CardShop.Contracts;
using CardShop.Shop.Housekeeping;
using Xunit;

namespace CardShop.Tests.Unit.Housekeeping;

public sealed class When_orders_are_archived : IDisposable
{
    private static readonly DateTimeOffset Now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly OrderPlaced Order = new(
        "order", "SKU", 1, 100, 100, "CNY", "名", HoldPolicy.Order, 900, 60, 1, "alipay", "a", Now, "body", "2026-03:xx", "a+b/c==", "net", "pass");

    private static readonly ReceivedPayment Money = new("order01", "t", 100, Now, "notification", PaymentUse.Order);
    private static readonly PaymentSaga Paid = new("order", PaymentStatus.Paid, Order, false, [], [Money], [], null);
    private static readonly DeliverySaga Delivered = new(
        "order", DeliveryStatus.Delivered, "SKU", 1, "a", false, Now, [Guid.Empty], Now, null, null);

    private readonly string _folder = Directory.CreateTempSubdirectory("archive").FullName;

    public static TheoryData<PaymentStatus, DeliveryStatus?, string?> Ends => new()
    {
        { PaymentStatus.Paid, DeliveryStatus.Delivered, "delivered" },
        { PaymentStatus.Paid, DeliveryStatus.WaitingStock, null },
        { PaymentStatus.Paid, DeliveryStatus.Manual, null },
        { PaymentStatus.Paid, DeliveryStatus.Review, null },
        { PaymentStatus.Paid, null, null },
        { PaymentStatus.Refunding, DeliveryStatus.Withdrawn, null },
        { PaymentStatus.Refunded, DeliveryStatus.Withdrawn, "refunded" },
        { PaymentStatus.Refunded, DeliveryStatus.Delivered, "refunded" },
        { PaymentStatus.Refunded, DeliveryStatus.Allocating, null },
        { PaymentStatus.SoldOut, null, "sold-out" },
        { PaymentStatus.Refused, null, "refused" },
        { PaymentStatus.Expired, null, "expired" },
        { PaymentStatus.Cancelled, null, "cancelled" },
        { PaymentStatus.Expired, DeliveryStatus.Allocating, null },
        { PaymentStatus.Reserved, null, null },
        { PaymentStatus.AwaitingPayment, null, null },
        { PaymentStatus.Review, null, null },
    };

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [MemberData(nameof(Ends))]
    public void Only_what_has_ended_goes(PaymentStatus payment, DeliveryStatus? delivery, string? end) => Assert.Equal(
        end, ArchiveRule.EndOf(Paid with { Status = payment }, delivery is { } status ? Delivered with { Status = status } : null));

    [Fact]
    public void Whatever_is_still_to_be_done_keeps_it()
    {
        Assert.Null(ArchiveRule.EndOf(Paid with { Due = Now }, Delivered));
        Assert.Null(ArchiveRule.EndOf(Paid, Delivered with { Due = Now }));
        Assert.Null(ArchiveRule.EndOf(Paid with { Reviews = [new(ReviewKind.Poison, "r", Now)] }, Delivered));
        Assert.Null(ArchiveRule.EndOf(Paid with { Claims = [new("n", "alipay", "p", 1, null, Now, "statement", Now)] }, Delivered));
        Assert.Null(ArchiveRule.EndOf(
            Paid with { Payments = [Money with { Refunds = [new("order01R1", 1, RefundState.Asked, Now, "r")] }] }, Delivered));
        Assert.Equal("delivered", ArchiveRule.EndOf(
            Paid with { Reviews = [new(ReviewKind.Poison, "r", Now, ClosedAt: Now, Resolution: "done")] }, Delivered));
    }

    [Fact]
    public async Task A_file_gives_back_what_was_written_and_zcat_can_read_it()
    {
        var files = new ArchiveFiles(_folder);
        var order = new ArchivedOrder("order", "delivered", Now, Paid, Delivered);
        const string Place = "2026-03/a.jsonl.gz";

        await files.WriteAsync(Place, [order, order with { Id = "other" }]);

        Assert.Equal([Place], files.Places("2026-03"));
        var read = await files.FindAsync(Place, "order", TestContext.Current.CancellationToken);
        Assert.Equal((Order, Now, 1), (read!.Payment.Order, read.Delivery!.DeliveredAt!.Value, read.Delivery.Keys.Count));
        Assert.Null(await files.FindAsync(Place, "nobody", TestContext.Current.CancellationToken));
        await using var zip = new GZipStream(File.OpenRead(Path.Combine(_folder, Place)), CompressionMode.Decompress);
        using var reader = new StreamReader(zip);
        Assert.Equal(2, (await reader.ReadToEndAsync(TestContext.Current.CancellationToken)).Count(c => c == '\n'));
        Assert.Empty(Directory.GetFiles(_folder, "*.new", SearchOption.AllDirectories));
    }

    [Theory]
    [InlineData("../outside.jsonl.gz")]
    [InlineData("/etc/passwd")]
    public Task A_place_never_leads_out_of_the_folder(string place) => Assert.ThrowsAsync<InvalidDataException>(
        () => new ArchiveFiles(_folder).ReadAsync(place, TestContext.Current.CancellationToken));

    [Fact]
    public async Task Erasing_leaves_nothing_of_the_buyer_and_every_other_line_as_it_was()
    {
        var files = new ArchiveFiles(_folder);
        const string Place = "2026-03/a.jsonl.gz";
        var other = new ArchivedOrder("other", "delivered", Now, Paid with { Id = "other", Order = Order with { OrderId = "other", ContactHash = "else" } }, null);
        await files.WriteAsync(Place, [new("order", "delivered", Now, Paid, Delivered), other]);

        var changed = await files.RewriteAsync(
            Place, "order", o => o.Id == "order" ? o with { Payment = o.Payment with { Order = ContactErasure.Without(o.Payment.Order!) } } : null,
            TestContext.Current.CancellationToken);

        Assert.Equal(["order"], changed);
        var read = await files.ReadAsync(Place, TestContext.Current.CancellationToken);
        var erased = read[0].Payment.Order!;
        Assert.Equal(
            (ContactErasure.Erased, "", "", null, null), (erased.Contact, erased.ContactHash, erased.BodyHash, erased.NetworkHash, erased.PasswordHash));
        Assert.Equal((100, 1), (read[0].Payment.Payments[0].Amount, read[0].Delivery!.Keys.Count));
        Assert.Equal(other.Payment.Order, read[1].Payment.Order);
    }
}
