using System.Globalization;
using System.Text.Encodings.Web;
using CardShop.Sandbox.Books;
using QRCoder;

namespace CardShop.Sandbox.Pay;

/// <summary>The page on which a person pays: one HTML text, no script.</summary>
internal static class PayPage
{
    private const string Style = """
        *{box-sizing:border-box}
        body{margin:0;min-height:100vh;display:grid;place-items:center;background:#eef3f8;color:#1c2733;
          font:16px/1.5 system-ui,"PingFang SC","Microsoft YaHei","Noto Sans CJK SC",sans-serif}
        main{width:min(22rem,92vw);margin:2rem 0;background:#fff;border-radius:16px;padding:1.75rem;text-align:center;
          box-shadow:0 8px 32px rgba(20,50,90,.12)}
        header{display:flex;justify-content:space-between;font-size:.85rem;color:#5b6b7c}
        a{color:#0d62c9}
        h1{font-size:1.05rem;font-weight:600;margin:1.25rem 0 .25rem;overflow-wrap:anywhere}
        .amount{font-size:2.4rem;font-weight:700;margin:0;letter-spacing:-.02em}
        .amount small{font-size:1.3rem;font-weight:600}
        .qr{margin:1rem auto;width:11rem}
        .qr svg{width:100%;height:auto;display:block}
        .note{font-size:.85rem;color:#5b6b7c;margin:.5rem 0;overflow-wrap:anywhere}
        button{width:100%;border:0;border-radius:10px;padding:.85rem;font:inherit;font-weight:600;color:#fff;
          background:#0d62c9;cursor:pointer}
        button:hover{background:#0a51a8}
        button:focus-visible{outline:3px solid #8fc1ff;outline-offset:2px}
        .state{padding:.85rem;border-radius:10px;font-weight:600;margin:1rem 0 0}
        .paid{background:#e3f6e8;color:#14652c}
        .over{background:#f3f0ea;color:#6a5320}
        """;

    public static string Render(SandboxTrade trade, bool isOver, string address, bool chinese)
    {
        var words = chinese ? Words.Chinese : Words.English;
        var lang = chinese ? "zh" : "en";
        var other = chinese ? ("en", "English") : ("zh", "中文");
        var number = Encode(trade.Number);
        var yuan = (trade.AmountMinor / 100m).ToString("N2", CultureInfo.InvariantCulture);
        return $"""
            <!doctype html>
            <html lang="{(chinese ? "zh-CN" : "en")}">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <title>{words.Title}</title>
            <style>{Style}</style>
            </head>
            <body>
            <main>
            <header><span>{words.Title}</span><a href="/pay/{number}?lang={other.Item1}">{other.Item2}</a></header>
            <h1>{Encode(trade.Order.Subject)}</h1>
            <p class="amount"><small>¥</small> {yuan}</p>
            {Middle(trade, isOver, address, words, lang)}
            <p class="note">{words.Number} {number}</p>
            <p class="note">{words.Pretend}</p>
            </main>
            </body>
            </html>
            """;
    }

    private static string Middle(SandboxTrade trade, bool isOver, string address, Words words, string lang)
    {
        if (trade.State == SandboxState.Paid)
        {
            return $"""<p class="state paid" role="status">{words.Paid}</p>""";
        }

        if (isOver)
        {
            return $"""<p class="state over" role="status">{words.Over}</p>""";
        }

        var until = trade.Order.ExpiresAt.ToOffset(TimeSpan.FromHours(8))
            .ToString("HH:mm:ss", CultureInfo.InvariantCulture);
        return $"""
            <div class="qr" role="img" aria-label="{words.Code}">{Svg(address)}</div>
            <form method="post" action="/pay/{Encode(trade.Number)}?lang={lang}"><button>{words.Pay}</button></form>
            <p class="note">{words.Until} {until} (UTC+8)</p>
            """;
    }

    private static string Svg(string text)
    {
        using var data = QRCodeGenerator.GenerateQrCode(text, QRCodeGenerator.ECCLevel.M);
        using var svg = new SvgQRCode(data);
        return svg.GetGraphic(
            4, "#1c2733", "#ffffff", drawQuietZones: true, SvgQRCode.SizingMode.ViewBoxAttribute);
    }

    private static string Encode(string text) => HtmlEncoder.Default.Encode(text);

    private sealed record Words(
        string Title, string Pay, string Paid, string Over, string Until, string Number, string Code, string Pretend)
    {
        public static readonly Words Chinese = new(
            "沙箱收银台", "立即付款", "付款成功，可以返回商店", "该交易已关闭，无法付款", "请在此时间前付款：", "订单号",
            "付款二维码", "这是模拟支付，不会产生真实扣款。");

        public static readonly Words English = new(
            "Sandbox checkout", "Pay now", "Paid. You can go back to the shop.",
            "This payment is closed and can no longer be paid.", "Pay before", "Number", "QR code of this payment",
            "This is a simulation: no money moves.");
    }
}
