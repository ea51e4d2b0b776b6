namespace CardShop.Shop.Channels.Alipay;

/// <summary>The gateway's methods that the shop uses.</summary>
public static class AlipayMethods
{
    public const string Precreate = "alipay.trade.precreate";
    public const string PagePay = "alipay.trade.page.pay";
    public const string Query = "alipay.trade.query";
    public const string Close = "alipay.trade.close";
    public const string Refund = "alipay.trade.refund";
    public const string RefundQuery = "alipay.trade.fastpay.refund.query";
}
