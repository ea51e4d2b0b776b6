using CardShop.Shop.Channels.UnionPay;
using Xunit;

namespace CardShop.Tests.Unit.Channels;

public sealed class When_unionpays_page_is_opened
{
    private const string Address = "https://gateway.test.95516.com/gateway/api/frontTransReq.do";

    [Fact]
    public void The_link_is_taken_apart_again()
    {
        var fields = new Dictionary<string, string>
        {
            ["orderId"] = "CS20260101000003",
            ["riskRateInfo"] = "{commodityName=卡密 +%41}",
            ["signature"] = "A+/=",
        };

        var page = UnionPayPage.Split(UnionPayPage.Link(new Uri(Address), fields));

        Assert.Equal(Address, page!.Action.AbsoluteUri);
        Assert.Equal(fields, page.Fields.ToDictionary());
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("not a link")]
    [InlineData(Address)]
    [InlineData(Address + "?orderId=1")]
    [InlineData(Address + "?orderId=1&signature=")]
    [InlineData(Address + "?signature=A&signature=B")]
    [InlineData(Address + "?signature=A&x=%4")]
    [InlineData(Address + "?signature=A&<b>=1")]
    [InlineData(Address + "?signature=A#fragment")]
    [InlineData("http://gateway.test.95516.com/gateway/api/frontTransReq.do?signature=A")]
    [InlineData("https://user@gateway.test.95516.com/gateway/api/frontTransReq.do?signature=A")]
    [InlineData("https://gateway.test.95516.com/other?signature=A")]
    [InlineData("javascript:/gateway/api/frontTransReq.do?signature=A")]
    [InlineData("https://qr.alipay.com/bax00000000000000001")]
    public void Any_other_link_is_none(string? link)
    {
        Assert.Null(UnionPayPage.Split(link));
    }

    [Fact]
    public void A_link_that_is_too_long_is_none()
    {
        Assert.NotNull(UnionPayPage.Split(Address + "?signature=" + new string('A', 3000)));
        Assert.Null(UnionPayPage.Split(Address + "?signature=" + new string('A', 5000)));
    }

    [Fact]
    public void A_sandbox_on_loopback_needs_no_https()
    {
        var page = UnionPayPage.Split("http://127.0.0.1:8090/unionpay/gateway/api/frontTransReq.do?signature=A");

        Assert.Equal("http://127.0.0.1:8090/unionpay/gateway/api/frontTransReq.do", page!.Action.AbsoluteUri);
        Assert.Contains("form-action http://127.0.0.1:8090;", page.SecurityPolicy(), StringComparison.Ordinal);
    }

    [Fact]
    public void The_form_shows_nothing_but_text()
    {
        var page = new UnionPayPage(
            new Uri(Address), [KeyValuePair.Create("signature", "\"><script>alert('x')</script>&amp;")]);

        var html = page.Render();

        Assert.DoesNotContain("<script", html, StringComparison.Ordinal);
        Assert.Contains(
            "<input type=\"hidden\" name=\"signature\" value=\"&quot;&gt;&lt;script&gt;alert(&#x27;x&#x27;)"
            + "&lt;/script&gt;&amp;amp;\">",
            html, StringComparison.Ordinal);
        Assert.Contains($"method=\"post\" accept-charset=\"utf-8\" action=\"{Address}\"", html, StringComparison.Ordinal);
        Assert.Contains("<button>前往银联支付</button>", html, StringComparison.Ordinal);
        Assert.Contains("<button>Continue to UnionPay</button>", page.Render(chinese: false), StringComparison.Ordinal);
    }

    [Fact]
    public void A_nonce_lets_the_form_go_by_itself_and_stands_in_the_policy()
    {
        var page = new UnionPayPage(new Uri(Address), [KeyValuePair.Create("signature", "A")]);

        Assert.Contains(
            "<script nonce=\"abc123\">document.getElementById('pay').submit()</script>", page.Render("abc123"),
            StringComparison.Ordinal);
        Assert.Equal(
            "default-src 'none'; script-src 'nonce-abc123'; form-action https:; base-uri 'none'; frame-ancestors 'none'",
            page.SecurityPolicy("abc123"));
        Assert.DoesNotContain("script-src", page.SecurityPolicy(), StringComparison.Ordinal);
    }
}
