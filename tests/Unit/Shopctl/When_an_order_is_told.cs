using System.Text;
using System.Text.Json;
using CardShop.Contracts;
using CardShop.Pipeline.Batches;
using CardShop.Shopctl.DeadLetters;
using CardShop.Shopctl.Orders;
using CardShop.Tests.Unit.Orders;
using Xunit;

namespace CardShop.Tests.Unit.Shopctl;

/// <summary>What operators are shown of records: neither the buyer nor a key.</summary>
public sealed class When_an_order_is_told
{
    private const string Contact = "buyer@example.org";

    private static readonly OrderPlaced Placed = An.Order() with { Contact = Contact, ContactHash = "contact-hash" };

    [Fact]
    public void An_order_is_told_without_its_buyer()
    {
        var line = StoryText.Of(Record(Topics.Orders, "S", MessageTypes.OrderPlaced, Json(Placed)), An.Id);
        Assert.Contains("2 x S, 2000 fen", line!.What, StringComparison.Ordinal);
        Assert.DoesNotContain(Contact, line.What, StringComparison.Ordinal);
        Assert.Equal(An.Start, line.At);
    }

    [Fact]
    public void Other_orders_of_the_product_are_not_told() => Assert.Null(
        StoryText.Of(Record(Topics.Orders, "S", MessageTypes.OrderPlaced, Json(Placed)), "b" + An.Id[1..]));

    [Fact]
    public void A_notification_is_told_without_its_raw_body()
    {
        var n = An.Notification() with { RawBody = Encoding.UTF8.GetBytes("buyer_logon_id=" + Contact) };
        var line = StoryText.Of(
            Record(
                Topics.PaymentNotifications, An.Id, MessageTypes.PaymentNotification,
                JsonSerializer.SerializeToUtf8Bytes(n, ContractsJson.Default.PaymentNotification)),
            An.Id);
        Assert.Contains("paid, 2000 fen CNY, trade trade", line!.What, StringComparison.Ordinal);
    }

    [Fact]
    public void A_decision_is_told_with_its_version_and_reason()
    {
        var saga = An.Paid().Payment! with { Version = 4, Reason = "Paid late" };
        var line = StoryText.Of(
            Record(
                Topics.SagaFacts, An.Id, MessageTypes.PaymentSaga,
                JsonSerializer.SerializeToUtf8Bytes(saga, ContractsJson.Default.PaymentSaga)),
            An.Id);
        Assert.StartsWith("payment is paid (version 4): Paid late", line!.What, StringComparison.Ordinal);
    }

    [Fact]
    public void What_cannot_be_read_is_told_where_its_key_says_whose_it_is()
    {
        Assert.NotNull(StoryText.Of(
            Record(Topics.PaymentNotifications, An.Id, MessageTypes.PaymentNotification, "{"u8.ToArray()), An.Id));
        Assert.Null(StoryText.Of(Record(Topics.Orders, "S", MessageTypes.OrderPlaced, "{"u8.ToArray()), An.Id));
    }

    [Fact]
    public void A_letter_shows_the_fields_that_are_known_to_be_harmless()
    {
        var lines = LetterText.Of(Letter(Topics.Orders.Name, Json(Placed)));
        Assert.Contains("orderId: " + An.Id, lines);
        Assert.DoesNotContain(lines, l => l.Contains("contact", StringComparison.OrdinalIgnoreCase) || l.Contains('@', StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("""{"orderId":"x","contact":"buyer@example.org""")]
    [InlineData("tel 13812345678 or +86-138-1234-5678")]
    [InlineData("key ABCD-EFGH-IJKL-MNOP and QWERTY123456ZXCV")]
    public void Of_a_body_that_is_no_JSON_addresses_and_numbers_are_masked(string body)
    {
        var line = Assert.Single(LetterText.Of(Letter(Topics.Orders.Name, Encoding.UTF8.GetBytes(body))));
        Assert.StartsWith("no JSON: ", line, StringComparison.Ordinal);
        foreach (var secret in new[] { "buyer", "example.org", "138", "1234", "EFGH", "QWERTY" })
        {
            Assert.DoesNotContain(secret, line, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Of_records_with_keys_nothing_is_shown() =>
        Assert.Empty(LetterText.Of(Letter(Topics.KeyBatches.Name, "{\"sku\":\"S\"}"u8.ToArray())));

    [Theory]
    [InlineData("0:17", true)]
    [InlineData("2:0", true)]
    [InlineData("3:0", false)]
    [InlineData("17", false)]
    [InlineData("0:-1", false)]
    [InlineData(":1", false)]
    public void A_letter_is_named_by_partition_and_offset(string text, bool isOne) =>
        Assert.Equal(isOne ? text : null, LetterPlace.Parse(text)?.ToString());

    private static byte[] Json(OrderPlaced order) =>
        JsonSerializer.SerializeToUtf8Bytes(order, ContractsJson.Default.OrderPlaced);

    private static DeadLetter Letter(string topic, byte[] body) =>
        new(topic, 0, 0, null, null, "x", null, An.Start, body);

    private static LogIncoming Record(Topic topic, string key, string type, byte[] body) =>
        new(new(topic.Name, 0), 5, key, body, type, 0, An.Start + TimeSpan.FromSeconds(1), reader: null);
}
