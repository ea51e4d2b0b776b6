using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using CardShop.Contracts;
using CardShop.Pipeline.Batches;
using CardShop.Pipeline.Log;
using CardShop.Shop.Partners;
using Xunit;

namespace CardShop.Tests.Unit.Partners;

/// <summary>Samples, schemas and records of partner events say the same.</summary>
public sealed class When_contracts_are_read
{
    private static readonly Dictionary<string, (string File, JsonTypeInfo Json)> Types = new()
    {
        [MessageTypes.OrderDelivered] = ("order-delivered.v1.json", ContractsJson.Default.OrderDelivered),
        [MessageTypes.DeliveryFailed] = ("delivery-failed.v1.json", ContractsJson.Default.DeliveryFailed),
        [MessageTypes.OrderRefunded] = ("order-refunded.v1.json", ContractsJson.Default.OrderRefunded),
        [MessageTypes.OrderExpired] = ("order-expired.v1.json", ContractsJson.Default.OrderExpired),
        [MessageTypes.KeyReplaced] = ("key-replaced.v1.json", ContractsJson.Default.KeyReplaced),
    };

    public static TheoryData<string> PartnerEvents => [.. MessageTypes.PartnerEvents];

    [Fact]
    public void Every_type_has_a_schema_and_a_sample_and_nothing_else_has()
    {
        Assert.Equal(MessageTypes.PartnerEvents.Order(), Types.Keys.Order());
        foreach (var folder in new[] { "schemas", "samples" })
        {
            Assert.Equal(
                Types.Values.Select(t => t.File).Order(),
                Directory.GetFiles(Repository.Folder("contracts", folder)).Select(f => Path.GetFileName(f)!).Order());
        }
    }

    [Theory]
    [MemberData(nameof(PartnerEvents))]
    public void A_sample_still_means_what_it_says(string type)
    {
        var sample = Sample(type);
        var data = sample.GetProperty("data");

        var read = JsonSerializer.Deserialize(data, Types[type].Json);
        var written = JsonSerializer.SerializeToElement(read, Types[type].Json);

        Assert.True(JsonElement.DeepEquals(data, written), $"{data} is read as {written}");
        Assert.Equal(type, sample.GetProperty("type").GetString());
        Assert.Equal(data.GetProperty("orderId").GetString(), sample.GetProperty("subject").GetString());
        Assert.Equal(
            CloudEventHeaders.ToText(data.GetProperty("sequence").GetInt32()), sample.GetProperty("sequence").GetString());
        Assert.StartsWith(sample.GetProperty("subject").GetString() + ".", sample.GetProperty("id").GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(PartnerEvents))]
    public void A_schema_names_exactly_the_fields_of_the_record(string type)
    {
        var schema = Read("schemas", Types[type].File);
        var fields = Types[type].Json.Properties.ToDictionary(p => p.Name);
        var data = Sample(type).GetProperty("data");

        Assert.Equal(fields.Keys.Order(), schema.GetProperty("properties").EnumerateObject().Select(p => p.Name).Order());
        Assert.Equal(fields.Keys.Order(), schema.GetProperty("required").EnumerateArray().Select(p => p.GetString()!).Order());
        Assert.DoesNotContain(fields.Keys, f => f.Contains("contact", StringComparison.OrdinalIgnoreCase)
            || f.Contains("secret", StringComparison.OrdinalIgnoreCase) || f.Contains("token", StringComparison.OrdinalIgnoreCase));
        foreach (var property in schema.GetProperty("properties").EnumerateObject())
        {
            var kind = property.Value.GetProperty("type").GetString()!.Replace("integer", "number", StringComparison.Ordinal);
            Assert.Equal(kind, data.GetProperty(property.Name).ValueKind.ToString(), ignoreCase: true);
        }
    }

    [Theory]
    [MemberData(nameof(PartnerEvents))]
    public void A_record_becomes_the_sample(string type)
    {
        var sample = Sample(type);
        string Text(string name) => sample.GetProperty(name).GetString()!;
        var record = new LogIncoming(
            new("shop.deliveries.v1", 3), 17, Text("subject"), JsonSerializer.SerializeToUtf8Bytes(sample.GetProperty("data")), type, 0,
            default, null)
        {
            CloudEvent = new(Text("id"), type, Text("source"), Text("subject"), Text("time"), Text("sequence")),
        };

        var read = PartnerEvent.Read(record)!;

        using var json = JsonDocument.Parse(read.Json);
        Assert.True(JsonElement.DeepEquals(sample, json.RootElement), $"{sample} was written as {json.RootElement}");
        Assert.Equal((Text("id"), type, Text("subject"), "STEAM-50", 3, 17L), (read.Id, read.Type, read.OrderId, read.Sku, read.Partition, read.Offset));
    }

    [Theory]
    [InlineData("not json")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"sku":1}""")]
    public void What_is_no_event_is_none(string data)
    {
        var record = new LogIncoming(
            new("shop.deliveries.v1", 0), 0, "o", System.Text.Encoding.UTF8.GetBytes(data), "t", 0, default, null)
        {
            CloudEvent = new("id", "t", "/cardshop", "o", "2030-01-01T00:00:00Z", null),
        };

        Assert.Null(PartnerEvent.Read(record));
    }

    private static JsonElement Sample(string type) => Read("samples", Types[type].File);

    private static JsonElement Read(string folder, string file)
    {
        using var json = JsonDocument.Parse(File.ReadAllBytes(Repository.Folder("contracts", folder, file)));
        return json.RootElement.Clone();
    }
}
