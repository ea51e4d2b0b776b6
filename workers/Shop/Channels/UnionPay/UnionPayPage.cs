using System.Text;
using System.Text.Encodings.Web;
using CardShop.Shop.Channels.Alipay;

namespace CardShop.Shop.Channels.UnionPay;

/// <summary>
/// UnionPay's page opens by a form that the buyer's browser posts, and a link can only be followed. So the link carries
/// the form: the page's address, and the signed fields as its query. This takes it apart and writes the HTML that posts
/// it. Pure; the field values are a merchant's request, signed but not secret.
/// </summary>
/// <param name="Action">Where the form goes.</param>
/// <param name="Fields">All signed fields, in the order of the link.</param>
public sealed record UnionPayPage(Uri Action, IReadOnlyList<KeyValuePair<string, string>> Fields)
{
    private const int LinkLimit = 4096;

    /// <summary>Null for a link that is no form of this kind: another path, no https (but on loopback), no signature.</summary>
    public static UnionPayPage? Split(string? link)
    {
        if (link is null || link.Length > LinkLimit || !Uri.TryCreate(link, UriKind.Absolute, out var url)
            || !(url.Scheme == Uri.UriSchemeHttps || (url.Scheme == Uri.UriSchemeHttp && url.IsLoopback))
            || url.UserInfo.Length > 0 || url.Fragment.Length > 0
            || !url.AbsolutePath.EndsWith(UnionPayPaths.Front, StringComparison.Ordinal))
        {
            return null;
        }

        // From the text, not from the Uri, which may unescape: the fields are decoded exactly once.
        var query = link.IndexOf('?', StringComparison.Ordinal);
        var fields = query < 0 ? null : AlipayForm.Read(Encoding.UTF8.GetBytes(link[(query + 1)..]));
        return fields is not null && fields.Keys.All(one => UnionPayText.IsName(one))
            && !string.IsNullOrEmpty(fields.GetValueOrDefault("signature"))
            ? new UnionPayPage(new Uri(url.GetLeftPart(UriPartial.Path)), [.. fields])
            : null;
    }

    /// <summary>The link that <see cref="Split"/> takes apart.</summary>
    internal static string Link(Uri action, Dictionary<string, string> fields) =>
        action.AbsoluteUri + "?" + AlipayForm.Write(fields);

    /// <summary>
    /// A whole page with the form and a button. Every value is escaped.
    /// </summary>
    /// <param name="nonce">
    /// With it, a script of one statement presses the button; the answer's Content-Security-Policy must name it. Without
    /// it the buyer does.
    /// </param>
    public string Render(string? nonce = null, bool chinese = true)
    {
        var html = new StringBuilder();
        html.Append("<!doctype html>\n<html lang=\"").Append(chinese ? "zh-CN" : "en").Append("\">\n<head>\n")
            .Append("<meta charset=\"utf-8\">\n")
            .Append("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>")
            .Append(chinese ? "前往银联支付" : "To UnionPay").Append("</title>\n</head>\n<body>\n")
            .Append("<form id=\"pay\" method=\"post\" accept-charset=\"utf-8\" action=\"")
            .Append(Encode(Action.AbsoluteUri)).Append("\">\n");
        foreach (var (name, value) in Fields)
        {
            html.Append("<input type=\"hidden\" name=\"").Append(Encode(name)).Append("\" value=\"")
                .Append(Encode(value)).Append("\">\n");
        }

        html.Append("<button>").Append(chinese ? "前往银联支付" : "Continue to UnionPay").Append("</button>\n</form>\n");
        if (nonce is not null)
        {
            html.Append("<script nonce=\"").Append(Encode(nonce))
                .Append("\">document.getElementById('pay').submit()</script>\n");
        }

        return html.Append("</body>\n</html>\n").ToString();
    }

    /// <summary>The policy for the rendered page. UnionPay sends the browser on to hosts of its own after the post.</summary>
    public string SecurityPolicy(string? nonce = null)
    {
        var script = nonce is null ? "" : $"script-src 'nonce-{nonce}'; ";
        var target = Action.Scheme == Uri.UriSchemeHttps ? "https:" : Action.GetLeftPart(UriPartial.Authority);
        return $"default-src 'none'; {script}form-action {target}; base-uri 'none'; frame-ancestors 'none'";
    }

    private static string Encode(string text) => HtmlEncoder.Default.Encode(text);
}
