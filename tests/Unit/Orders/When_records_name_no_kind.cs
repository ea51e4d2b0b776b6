using System.Text.Json;
using CardShop.Contracts;
using Xunit;

namespace CardShop.Tests.Unit.Orders;

/// <summary>Records and documents from before products had kinds, and unique keys since.</summary>
public sealed class When_records_name_no_kind
{
    [Fact]
    public void They_are_of_unique_keys()
    {
        var order = JsonSerializer.Serialize(An.Order(), ContractsJson.Default.OrderPlaced);
        Assert.DoesNotContain("kind", order, StringComparison.Ordinal);
        Assert.Equal(An.Order(), JsonSerializer.Deserialize(order, ContractsJson.Default.OrderPlaced));
        const string Product =
            """
            {"sku":"S","name":"Card","price":100,"currency":"CNY","maxQuantity":10,"onSale":true,"hold":"order",
            "holdSeconds":900,"waitSeconds":0,"version":3}
            """;
        Assert.Equal(ProductKind.Unique, JsonSerializer.Deserialize(Product, ContractsJson.Default.Product)!.Kind);
    }

    [Theory]
    [InlineData(ProductKind.Reusable, "reusable")]
    [InlineData(ProductKind.Manual, "manual")]
    public void Other_kinds_are_said_in_words(ProductKind kind, string word)
    {
        var text = JsonSerializer.Serialize(An.Order(kind: kind), ContractsJson.Default.OrderPlaced);
        Assert.Contains($"\"kind\":\"{word}\"", text, StringComparison.Ordinal);
        Assert.Equal(kind, JsonSerializer.Deserialize(text, ContractsJson.Default.OrderPlaced)!.Kind);
    }
}
