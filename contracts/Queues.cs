namespace CardShop.Contracts;

/// <summary>RabbitMQ queues: work that somebody must do once.</summary>
public static class Queues
{
    public const string PaymentsAlipay = "cardshop.payments.alipay";
    public const string PaymentsWechat = "cardshop.payments.wechat";
    public const string PaymentsUnionpay = "cardshop.payments.unionpay";
    public const string Delivery = "cardshop.delivery";
    public const string Notifications = "cardshop.notifications";

    /// <summary>Where a command goes that could not be done after all retries.</summary>
    public const string Error = "error";

    /// <summary>All queues that fleets consume.</summary>
    public static readonly IReadOnlyList<string> Work =
        [PaymentsAlipay, PaymentsWechat, PaymentsUnionpay, Delivery, Notifications];

    /// <summary>The queue of a payment channel's commands.</summary>
    public static string Payments(string channel) => "cardshop.payments." + channel;
}
