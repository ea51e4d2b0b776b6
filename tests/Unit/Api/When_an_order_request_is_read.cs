using System.Text;
using CardShop.Api;
using CardShop.Api.Orders;
using Xunit;

namespace CardShop.Tests.Unit.Api;

/// <summary>Whatever bytes come: a request, or a 400 that says what is wrong. Never an exception.</summary>
public sealed class When_an_order_request_is_read
{
    private const string Good = """{"sku":"S","quantity":1,"contact":"buyer@example.org","channel":"alipay"}""";

    private static readonly string[] Channels = ["alipay"];

    [Theory]
    [InlineData(Good)]
    [InlineData("""  {"channel":"alipay","contact":"买家 138","quantity":2147483647,"sku":"A.b_c-9","password":"secret"}  """)]
    [InlineData("""{"sku":"S","quantity":1,"contact":"buyer@example.org","channel":"alipay","password":null}""")]
    [InlineData("""{"sku":"S","quantity":1,"contact":"\ud83c\udca1\ud83c\udca1\ud83c\udca1","channel":"alipay"}""")]
    public void What_is_right_is_taken(string body) => Assert.Null(Refused(body));

    [Theory]
    // Wrong types
    [InlineData("quantity", "\"quantity\":1", "\"quantity\":\"1\"")]
    [InlineData("quantity", "\"quantity\":1", "\"quantity\":1.5")]
    [InlineData("quantity", "\"quantity\":1", "\"quantity\":1.0")]
    [InlineData("quantity", "\"quantity\":1", "\"quantity\":true")]
    [InlineData("quantity", "\"quantity\":1", "\"quantity\":null")]
    [InlineData("quantity", "\"quantity\":1", "\"quantity\":[1]")]
    [InlineData("quantity", "\"quantity\":1", "\"quantity\":{\"a\":1}")]
    [InlineData("sku", "\"sku\":\"S\"", "\"sku\":7")]
    [InlineData("sku", "\"sku\":\"S\"", "\"sku\":null")]
    [InlineData("sku", "\"sku\":\"S\"", "\"sku\":[\"S\"]")]
    [InlineData("contact", "\"contact\":\"buyer@example.org\"", "\"contact\":{}")]
    [InlineData("contact", "\"contact\":\"buyer@example.org\"", "\"contact\":13800138000")]
    [InlineData("channel", "\"channel\":\"alipay\"", "\"channel\":false")]
    [InlineData("password", "\"sku\":\"S\"", "\"sku\":\"S\",\"password\":123456")]
    // Numbers
    [InlineData("quantity", "\"quantity\":1", "\"quantity\":0")]
    [InlineData("quantity", "\"quantity\":1", "\"quantity\":-1")]
    [InlineData("quantity", "\"quantity\":1", "\"quantity\":-2147483648")]
    [InlineData("quantity", "\"quantity\":1", "\"quantity\":2147483648")]
    [InlineData("quantity", "\"quantity\":1", "\"quantity\":99999999999999999999999999999999999999")]
    [InlineData("quantity", "\"quantity\":1", "\"quantity\":1e400")]
    [InlineData("quantity", "\"quantity\":1", "\"quantity\":1e1")]
    // Unknown and doubled fields
    [InlineData("price", "\"sku\":\"S\"", "\"sku\":\"S\",\"price\":1")]
    [InlineData("Sku", "\"sku\":\"S\"", "\"sku\":\"S\",\"Sku\":\"T\"")]
    [InlineData("sku", "\"sku\":\"S\"", "\"sku\":\"S\",\"sku\":\"T\"")]
    [InlineData("quantity", "\"quantity\":1", "\"quantity\":1,\"quantity\":1")]
    [InlineData("__proto__", "\"sku\":\"S\"", "\"sku\":\"S\",\"__proto__\":{}")]
    // Missing
    [InlineData("sku", "\"sku\":\"S\",", "")]
    [InlineData("quantity", "\"quantity\":1,", "")]
    [InlineData("contact", "\"contact\":\"buyer@example.org\",", "")]
    [InlineData("channel", ",\"channel\":\"alipay\"", "")]
    // Text
    [InlineData("sku", "\"sku\":\"S\"", "\"sku\":\"\"")]
    [InlineData("sku", "\"sku\":\"S\"", "\"sku\":\"a b\"")]
    [InlineData("sku", "\"sku\":\"S\"", "\"sku\":\"../../etc\"")]
    [InlineData("sku", "\"sku\":\"S\"", "\"sku\":\"卡\"")]
    [InlineData("sku", "\"sku\":\"S\"", "\"sku\":\"a\\u0000b\"")]
    [InlineData("sku", "\"sku\":\"S\"", "\"sku\":\"01234567890123456789012345678901234567890123456789012345678901234\"")]
    [InlineData("contact", "buyer@example.org", "ab")]
    [InlineData("contact", "buyer@example.org", "   a   ")]
    [InlineData("contact", "buyer@example.org", "a\\u0000b\\u0000c")]
    [InlineData("contact", "buyer@example.org", "line\\nbreak")]
    [InlineData("contact", "buyer@example.org", "abc\\uD800")]
    [InlineData("contact", "buyer@example.org", "abc\\uDC00\\uD800")]
    [InlineData("contact", "buyer@example.org", "\\uD800\\uD800abc")]
    [InlineData("password", "\"sku\":\"S\"", "\"sku\":\"S\",\"password\":\"\\uDFFF123456\"")]
    [InlineData("password", "\"sku\":\"S\"", "\"sku\":\"S\",\"password\":\"12345\"")]
    [InlineData("channel", "\"channel\":\"alipay\"", "\"channel\":\"Alipay\"")]
    [InlineData("channel", "\"channel\":\"alipay\"", "\"channel\":\"cash\"")]
    public void What_is_wrong_names_its_field(string field, string old, string changed)
    {
        Assert.Contains(old, Good, StringComparison.Ordinal);
        var problem = Refused(Good.Replace(old, changed, StringComparison.Ordinal));
        Assert.Equal(400, problem?.Status);
        Assert.NotNull(problem!.Errors);
        Assert.Contains(field, problem.Errors.Keys);
        Assert.All(problem.Errors.Values, messages => Assert.All(messages, m => Assert.NotEmpty(m)));
    }

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("[" + Good + "]")]
    [InlineData("1")]
    [InlineData("\"text\"")]
    [InlineData("true")]
    [InlineData("{")]
    [InlineData("{]")]
    [InlineData("{\"sku\"}")]
    [InlineData("{'sku':'S'}")]
    [InlineData("{\"sku\":\"S\",}")]
    [InlineData("{/* comment */}")]
    [InlineData(Good + "x")]
    [InlineData(Good + Good)]
    [InlineData("\ufeff" + Good)]
    [InlineData("<order/>")]
    public void What_is_no_json_object_is_said_to_be_none(string body)
    {
        var problem = Refused(body);
        Assert.Equal(400, problem?.Status);
        Assert.NotEmpty(problem!.Title);
        Assert.NotEmpty(problem.Detail!);
    }

    [Theory]
    [InlineData(0xff)]
    [InlineData(0xc0)]
    [InlineData(0x80)]
    [InlineData(0xed)]
    [InlineData(0xf8)]
    public void Bytes_that_are_no_utf8_are_refused_wherever_they_stand(int wrong)
    {
        var good = Encoding.UTF8.GetBytes(Good);
        for (var i = 0; i <= good.Length; i++)
        {
            var body = good.ToList();
            body.Insert(i, (byte)wrong);
            Assert.Equal(400, Refused([.. body])?.Status);
        }
    }

    [Fact]
    public void Deep_nesting_is_refused()
    {
        foreach (var depth in new[] { 10, 64, 65, 1_000, 8_000 })
        {
            var deep = new string('[', depth) + new string(']', depth);
            Assert.Equal(400, Refused(deep)?.Status);
            Assert.Equal(400, Refused("{\"sku\":" + deep + "}")?.Status);
            Assert.Equal(400, Refused("{\"other\":" + deep + "}")?.Status);
        }
    }

    [Fact]
    public void No_cut_and_no_changed_byte_makes_it_throw()
    {
        var good = Encoding.UTF8.GetBytes(Good);
        for (var i = 0; i < good.Length; i++)
        {
            Assert.Equal(400, Refused(good[..i])?.Status);
            for (var value = 0; value < 256; value++)
            {
                var body = good.ToArray();
                body[i] = (byte)value;
                Assert.Equal(400, Refused(body)?.Status ?? 400);
            }
        }
    }

    [Fact]
    public void A_refusal_never_repeats_what_was_sent()
    {
        var problem = Refused("""{"sku":"S","quantity":"hunter2hunter2","contact":5,"channel":"alipay"}""");
        Assert.DoesNotContain("hunter2", problem!.ToString() + string.Concat(problem.Errors!.SelectMany(e => e.Value)),
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("0123456789abcdef", true)]
    [InlineData("0123456789abcde", false)]
    [InlineData("0123456789 abcdef", false)]
    [InlineData("0123456789abcdeé", false)]
    [InlineData("0123456789abcde\u007f", false)]
    [InlineData("0123456789abcde\n", false)]
    [InlineData("", false)]
    public void Idempotency_keys_are_printable_ascii(string key, bool valid) =>
        Assert.Equal(valid, OrderRequestReader.IsIdempotencyKey(key));

    [Fact]
    public void Idempotency_keys_have_a_longest()
    {
        Assert.True(OrderRequestReader.IsIdempotencyKey(new('k', 255)));
        Assert.False(OrderRequestReader.IsIdempotencyKey(new('k', 256)));
    }

    private static Problem? Refused(string body) => Refused(Encoding.UTF8.GetBytes(body));

    private static Problem? Refused(byte[] body)
    {
        var (request, problem) = OrderRequestReader.Parse(body);
        return problem ?? (OrderRequestReader.Check(request!, Channels) is { } errors ? Problem.Fields(errors) : null);
    }
}
