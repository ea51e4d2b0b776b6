namespace CardShop.Shop.Channels.WeChat;

/// <summary>The calls' paths that the shop uses, below the gateway's address.</summary>
internal static class WeChatPaths
{
    public const string Native = "/v3/pay/transactions/native";
    public const string Refunds = "/v3/refund/domestic/refunds";

    public static string Query(string number, string merchantId) =>
        $"/v3/pay/transactions/out-trade-no/{Uri.EscapeDataString(number)}?mchid={Uri.EscapeDataString(merchantId)}";

    public static string Close(string number) =>
        $"/v3/pay/transactions/out-trade-no/{Uri.EscapeDataString(number)}/close";
}
