namespace CardShop.Sandbox.Alipay;

/// <summary>Which merchant account Alipay knows: the section <c>Sandbox:Alipay</c>.</summary>
public sealed class AlipayMerchant
{
    public string AppId { get; init; } = "2021000000000001";

    public string SellerId { get; init; } = "2088000000000001";
}
