using System.Text.Json;
using CardShop.Sandbox.Books;
using CardShop.Shop.Channels.WeChat;

namespace CardShop.Sandbox.WeChat;

/// <summary>The objects that answers and notifications share.</summary>
internal static class WeChatObjects
{
    public const string Currency = "CNY";
    private const string Buyer = "oSandbox00000000000000000001";

    /// <summary>A payment's members.</summary>
    /// <param name="state">The state to tell, which need not be the present one.</param>
    public static void Payment(Utf8JsonWriter json, SandboxTrade trade, WeChatMerchant merchant, string state)
    {
        json.WriteString("appid", merchant.AppId);
        json.WriteString("mchid", merchant.MerchantId);
        json.WriteString("out_trade_no", trade.Number);
        json.WriteString("trade_state", state);
        json.WriteString("trade_state_desc", Describe(state));
        json.WriteString("attach", "");
        if (trade.PaidAt is not { } paidAt)
        {
            return; // as the provider does: what is not paid has no amount yet
        }

        json.WriteString("transaction_id", trade.TradeNo);
        json.WriteString("trade_type", "NATIVE");
        json.WriteString("bank_type", "OTHERS");
        json.WriteString("success_time", WeChatText.Time(paidAt));
        json.WriteStartObject("payer");
        json.WriteString("openid", Buyer);
        json.WriteEndObject();
        json.WriteStartObject("amount");
        json.WriteNumber("total", trade.AmountMinor);
        json.WriteNumber("payer_total", trade.AmountMinor);
        json.WriteString("currency", Currency);
        json.WriteString("payer_currency", Currency);
        json.WriteEndObject();
    }

    /// <summary>A refund's members.</summary>
    /// <param name="statusName">Answers and notifications name the status differently.</param>
    public static void Refund(
        Utf8JsonWriter json, SandboxTrade trade, SandboxRefund refund, string statusName, string status)
    {
        json.WriteString("refund_id", RefundId(refund));
        json.WriteString("out_refund_no", refund.RefundNumber);
        json.WriteString("transaction_id", trade.TradeNo);
        json.WriteString("out_trade_no", trade.Number);
        json.WriteString("user_received_account", "支付用户零钱");
        if (status == "SUCCESS")
        {
            json.WriteString("success_time", WeChatText.Time(refund.At));
        }

        json.WriteString(statusName, status);
        json.WriteStartObject("amount");
        json.WriteNumber("total", trade.AmountMinor);
        json.WriteNumber("refund", refund.AmountMinor);
        json.WriteNumber("payer_total", trade.AmountMinor);
        json.WriteNumber("payer_refund", refund.AmountMinor);
        json.WriteString("currency", Currency);
        json.WriteEndObject();
    }

    private static string RefundId(SandboxRefund refund) => "503" + TradeHistory.Digits(refund.RefundNumber, 25);

    private static string Describe(string state) => state switch
    {
        "SUCCESS" => "支付成功",
        "REFUND" => "订单发生过退款",
        "NOTPAY" => "订单未支付",
        "CLOSED" => "订单已关闭",
        "USERPAYING" => "用户支付中",
        _ => "",
    };
}
