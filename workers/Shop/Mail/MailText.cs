using System.Globalization;
using System.Text;
using CardShop.Contracts;
using CardShop.Shop.Keys;

namespace CardShop.Shop.Mail;

/// <summary>What a mail is about.</summary>
public enum MailKind
{
    Delivered,
    Replaced,
    Refunded,
}

/// <summary>What a buyer reads: Chinese first, English after it.</summary>
/// <param name="Attachment">The keys as a text file, UTF-8 with a byte order mark; null where they stand in the body.</param>
public sealed record MailText(string Subject, string Body, byte[]? Attachment)
{
    public const string AttachmentName = "keys.txt";

    /// <summary>More keys than this are attached: nobody copies them one by one.</summary>
    public const int MostInBody = 20;

    /// <param name="keys">In the order in which they were sold; unused where the money went back.</param>
    public static MailText Of(MailKind kind, OrderPlaced order, IReadOnlyList<PlainKey> keys, Uri? shop)
    {
        var product = OneLine(order.ProductName);
        var isAttached = kind is not MailKind.Refunded && keys.Count > MostInBody;
        var (subject, chinese, english) = kind switch
        {
            MailKind.Delivered => Invariant(
                $"{product} × {order.Quantity} 已发货 / delivered", $"您的订单 {order.OrderId}（{product} × {order.Quantity}）已发货。",
                $"your order {order.OrderId} ({product} × {order.Quantity}) has been delivered."),
            MailKind.Replaced => Invariant(
                $"{product} 卡密已更换 / key replaced", $"您的订单 {order.OrderId}（{product} × {order.Quantity}）中的卡密已更换，旧卡密作废。",
                $"a key of your order {order.OrderId} ({product} × {order.Quantity}) was replaced; the old one is void."),
            MailKind.Refunded => Invariant(
                $"{product} × {order.Quantity} 已退款 / refunded",
                $"您的订单 {order.OrderId}（{product} × {order.Quantity}）已退款 {Money(order)}，将原路退回。",
                $"{Money(order)} of your order {order.OrderId} ({product} × {order.Quantity}) went back the way it was paid."),
            _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "no such kind"),
        };
        var body = new StringBuilder();
        Line(body, "您好！").Append('\n');
        Line(body, chinese);
        AddKeys(body, kind, keys, isAttached);
        AddShop(body, "商店：", shop);
        Line(body, string.Empty).Append("----------------------------------------\n\nHello,\n\n");
        Line(body, english);
        AddEnglishKeys(body, kind, keys.Count, isAttached);
        AddShop(body, "Shop: ", shop);
        return new(
            $"{subject} ({order.OrderId})", body.ToString(), isAttached ? FileOf(keys) : null);
    }

    /// <summary>Never the text: a key must not reach a log by way of a format string.</summary>
    public override string ToString() => "(mail)";

    private static void AddKeys(StringBuilder body, MailKind kind, IReadOnlyList<PlainKey> keys, bool isAttached)
    {
        if (kind is MailKind.Refunded)
        {
            return;
        }

        if (isAttached)
        {
            Line(body, string.Create(CultureInfo.InvariantCulture, $"全部 {keys.Count} 个卡密见附件 {AttachmentName}。"));
        }
        else
        {
            Line(body, "卡密如下：").Append('\n');
            for (var i = 0; i < keys.Count; i++)
            {
                body.Append(CultureInfo.InvariantCulture, $"{i + 1}. ");
                Line(body, keys[i].Number is { } number ? $"卡号 Number: {number}  卡密 Key: {keys[i].Secret}" : keys[i].Secret);
            }

            body.Append('\n');
        }

        Line(body, "请妥善保管，勿告诉他人：持有卡密者即可使用。");
    }

    private static void AddEnglishKeys(StringBuilder body, MailKind kind, int count, bool isAttached)
    {
        if (kind is not MailKind.Refunded)
        {
            Line(body, isAttached
                ? string.Create(CultureInfo.InvariantCulture, $"All {count} keys are in the attached file {AttachmentName}.")
                : "The keys are listed above.");
            Line(body, "Keep them to yourself: whoever has a key can use it.");
        }
    }

    private static void AddShop(StringBuilder body, string label, Uri? shop)
    {
        if (shop is not null)
        {
            Line(body, label + shop.AbsoluteUri);
        }
    }

    /// <summary>A line per key; number and secret with a tab between them.</summary>
    private static byte[] FileOf(IReadOnlyList<PlainKey> keys)
    {
        var lines = new StringBuilder();
        foreach (var key in keys)
        {
            // As notepads of every system read them.
            lines.Append(key.Number is { } number ? number + "\t" : string.Empty).Append(key.Secret).Append("\r\n");
        }

        return [.. Encoding.UTF8.Preamble, .. Encoding.UTF8.GetBytes(lines.ToString())];
    }

    /// <summary>A product's name is an operator's text: a line break in it would end a header.</summary>
    private static string OneLine(string text)
    {
        var line = string.Concat(text.Select(c => char.IsControl(c) || c is '\u2028' or '\u2029' ? ' ' : c)).Trim();
        return line.Length <= 100 ? line : line[..(char.IsHighSurrogate(line[99]) ? 99 : 100)] + "…";
    }

    private static string Money(OrderPlaced order) =>
        string.Create(CultureInfo.InvariantCulture, $"{order.Amount / 100m:0.00} {order.Currency}");

    private static (string, string, string) Invariant(
        FormattableString subject, FormattableString chinese, FormattableString english) =>
        (FormattableString.Invariant(subject), FormattableString.Invariant(chinese), FormattableString.Invariant(english));

    private static StringBuilder Line(StringBuilder body, string text) => body.Append(text).Append('\n');
}
