using System.Text.Json;
using CardShop.Contracts;
using CardShop.Pipeline.Batches;
using CardShop.Pipeline.Log;
using CardShop.Shop.Delivery;
using CardShop.Shop.Orders;
using CardShop.Shop.Payments;
using CardShop.Shop.Store;
using CardShop.Tests.Unit.Orders;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace CardShop.Tests.Unit.Regions;

public sealed class When_an_input_is_for_another_region
{
    private const string Foreign = "bbcdefghijklmnopqrstuvwxyz";

    [Fact]
    public void An_id_belongs_to_its_letter_and_keys_and_voids_to_the_region_they_name()
    {
        Assert.Equal("a", Of(An.Placed()));
        Assert.Equal("b", Of(An.Placed(An.Order(Foreign))));
        Assert.Equal("b", Of(An.Cancel(Foreign)));
        Assert.Equal("b", Of(new PaymentMessage.Notified(An.Notification(Foreign))));
        Assert.Equal("b", Of(new DeliveryMessage.Due(Foreign)));
        Assert.Equal("c", Of(new KeysImported("1", "S", "c", "kek", An.Start, [])));
        Assert.Equal("c", Of(new KeysVoided("1", "S", "c", "r", "o", An.Start, [])));
        Assert.Null(Of("anything else"));
        Assert.Null(CardShop.Shop.Orders.Regions.OfId("no id"));
    }

    [Theory]
    [InlineData("a", "a", null)]
    [InlineData("b", "a", "b")]
    [InlineData("b", null, null)]
    [InlineData(null, "a", null)]
    public void What_is_nobodys_in_particular_is_processed_and_a_program_without_a_region_processes_all(
        string? region, string? own, string? foreign) =>
        Assert.Equal(foreign, CardShop.Shop.Orders.Regions.Foreign(region, own));

    [Theory]
    [InlineData("a", true)]
    [InlineData("z", true)]
    [InlineData("A", false)]
    [InlineData("", false)]
    [InlineData("ab", false)]
    [InlineData(null, false)]
    public void A_region_is_one_small_letter(string? text, bool isLetter) =>
        Assert.Equal(isLetter, CardShop.Shop.Orders.Regions.IsLetter(text));

    [Fact]
    public void Its_records_are_passed_over_also_those_that_cannot_be_read()
    {
        var payments = Work("payments", "a");
        var notification = Record(
            Topics.PaymentNotifications, Foreign, MessageTypes.PaymentNotification,
            JsonSerializer.SerializeToUtf8Bytes(An.Notification(Foreign), ContractsJson.Default.PaymentNotification));
        Assert.Equal(new ForeignInput("b"), payments.Decode(notification));
        Assert.Equal(
            new ForeignInput("b"),
            payments.Decode(Record(Topics.PaymentNotifications, Foreign, MessageTypes.PaymentNotification, [1])));
        var placed = Record(
            Topics.Orders, "S", MessageTypes.OrderPlaced,
            JsonSerializer.SerializeToUtf8Bytes(An.Order(Foreign), ContractsJson.Default.OrderPlaced));
        Assert.Equal(new ForeignInput("b"), Work("orders", "a").Decode(placed));
        Assert.IsType<PaymentMessage.Placed>(Work("orders", "b").Decode(placed));
        Assert.IsType<PaymentMessage.Placed>(Work("orders", null).Decode(placed));
    }

    [Fact]
    public void What_stands_in_the_database_is_done_whatever_its_letter() =>
        Assert.IsType<PaymentMessage.Due>(
            Work("payments", "a").Decode(new DueIncoming(new PaymentMessage.Due(Foreign))));

    private static string? Of(object message) => CardShop.Shop.Orders.Regions.Of(message);

    private static LogIncoming Record(Topic topic, string key, string type, byte[] body) =>
        new(new PartitionKey(topic.Name, 0), 0, key, body, type, 0, An.Start, reader: null);

    /// <summary>Decoding asks neither store nor fence.</summary>
    private static ShopWork Work(string group, string? region) => new(
        group, deliveries: true, store: null!, fence: null!, ShopSettings.Default with { Region = region }, observer: null!,
        TimeProvider.System, NullLogger<ShopWork>.Instance);
}
