namespace CardShop.Shop.Channels.UnionPay;

/// <summary>Where the gateway takes which kind of call.</summary>
public static class UnionPayPaths
{
    /// <summary>A form from the buyer's browser.</summary>
    public const string Front = "/gateway/api/frontTransReq.do";

    /// <summary>Trades between servers: QR codes and refunds.</summary>
    public const string Back = "/gateway/api/backTransReq.do";

    public const string Query = "/gateway/api/queryTrans.do";
}
