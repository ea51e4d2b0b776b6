using CardShop.Shop.Channels;
using CardShop.Shop.Channels.Alipay;
using Xunit;

namespace CardShop.Tests.Unit.Channels;

/// <summary>The signature covers the exact bytes of one node: whoever moves that node moves money.</summary>
public sealed class When_reading_an_alipay_answer
{
    private const string Node = "alipay_trade_precreate_response";
    private const string Good =
        """{"code":"10000","out_trade_no":"CS20260101000001","qr_code":"https://qr.alipay.com/x"}""";
    private const string Evil =
        """{"code":"10000","out_trade_no":"CS20260101000001","qr_code":"https://evil.test/x"}""";

    private static readonly string Sign = AlipaySignature.Sign(FakeGateway.Key, Good);

    [Fact]
    public async Task The_vector_verifies()
    {
        var answer = await ReadAsync(AlipayVectors.AnswerBody);

        Assert.Equal(ChannelResult.Done, answer.Result);
        Assert.Equal("https://qr.alipay.com/bax00000000000000001", answer.Link);
    }

    [Theory]
    [InlineData("""{"code":"10000","msg":"} \" { \\",REST}""")]
    [InlineData("""{"code":"10000","msg":"\",\"sign\":\"x\"}",REST}""")]
    [InlineData("""{ "code" : "10000" , "list":[{"a":"]}"}], REST }""")]
    public async Task Braces_and_quotes_inside_strings_do_not_end_the_node(string node)
    {
        const string rest = "\"out_trade_no\":\"CS20260101000001\",\"qr_code\":\"https:\\/\\/qr.alipay.com\\/x\"";
        var answer = await ReadAsync(
            FakeGateway.Signed(Node, node.Replace("REST", rest, StringComparison.Ordinal)));

        Assert.Equal((ChannelResult.Done, "https://qr.alipay.com/x"), (answer.Result, answer.Link));
    }

    [Theory]
    [InlineData("""{"NODE":GOOD,"sign":"SIGN"}""")]
    [InlineData("""{"sign":"SIGN","NODE":GOOD}""")]
    [InlineData("  {\n \"NODE\" :\tGOOD , \"alipay_cert_sn\":\"x\", \"sign\":\"SIGN\" }\r\n")]
    public async Task The_node_is_found_wherever_it_stands(string body)
    {
        Assert.Equal(ChannelResult.Done, (await ReadAsync(Fill(body))).Result);
    }

    [Theory]
    [InlineData("""{"NODE":GOOD,"NODE":EVIL,"sign":"SIGN"}""")]
    [InlineData("""{"NODE":EVIL,"NODE":GOOD,"sign":"SIGN"}""")]
    [InlineData("""{"NODE":GOOD,"sign":"SIGN","NODE":EVIL}""")]
    [InlineData("""{"NODE":EVIL,"\u0061lipay_trade_precreate_response":GOOD,"sign":"SIGN"}""")]
    [InlineData("""{"NODE":GOOD,"error_response":EVIL,"sign":"SIGN"}""")]
    [InlineData("""{"NODE":GOOD,"sign":"SIGN","sign":"SIGN"}""")]
    [InlineData("""{"NODE":GOOD,"sign":"SIGN"}{"NODE":EVIL}""")]
    [InlineData("""{"NODE":GOOD,"sign":"SIGN"} x""")]
    [InlineData("""{"wrapper":{"NODE":GOOD,"sign":"SIGN"}}""")]
    [InlineData("""{"alipay_trade_query_response":GOOD,"sign":"SIGN"}""")]
    [InlineData("""[{"NODE":GOOD,"sign":"SIGN"}]""")]
    [InlineData("""{"NODE":"GOOD","sign":"SIGN"}""")]
    [InlineData("""{"NODE":[GOOD],"sign":"SIGN"}""")]
    [InlineData("""{"NODE":null,"sign":"SIGN"}""")]
    [InlineData("""{"NODE":GOOD,"sign":"SIGN" """)]
    [InlineData("<html>busy</html>")]
    [InlineData("")]
    [InlineData("{}")]
    [InlineData("null")]
    public async Task What_is_not_one_sound_answer_is_unreadable(string body)
    {
        var answer = await ReadAsync(Fill(body));

        Assert.Equal((ChannelResult.Unknown, "ANSWER_UNREADABLE"), (answer.Result, answer.Code));
        Assert.Null(answer.Link);
    }

    [Fact]
    public async Task A_node_with_a_field_twice_is_unreadable_though_it_is_signed()
    {
        var twice = FakeGateway.Signed(Node, """{"code":"40004","code":"10000","sub_code":"ACQ.SYSTEM_ERROR"}""");

        Assert.Equal("ANSWER_UNREADABLE", (await ReadAsync(twice)).Code);
    }

    [Theory]
    [InlineData("""{"NODE":EVIL,"sign":"SIGN"}""", "SIGNATURE_WRONG")]
    [InlineData("""{"NODE":GOOD ,"sign":"AAAA"}""", "SIGNATURE_WRONG")]
    [InlineData("""{"NODE":GOOD,"sign":""}""", "SIGNATURE_WRONG")]
    [InlineData("""{"NODE":GOOD,"sign":7}""", "SIGNATURE_MISSING")]
    [InlineData("""{"NODE":GOOD}""", "SIGNATURE_MISSING")]
    public async Task What_is_not_signed_is_unknown(string body, string code)
    {
        var answer = await ReadAsync(Fill(body));

        Assert.Equal((ChannelResult.Unknown, code), (answer.Result, answer.Code));
        Assert.Null(answer.Link);
    }

    [Fact]
    public async Task One_changed_byte_anywhere_in_the_node_is_noticed()
    {
        var body = Fill("""{"NODE":GOOD,"sign":"SIGN"}""");
        var start = body.IndexOf(Good, StringComparison.Ordinal);
        for (var i = start; i < start + Good.Length; i += 7)
        {
            var changed = body[..i] + (char)(body[i] ^ 1) + body[(i + 1)..];
            Assert.Equal(ChannelResult.Unknown, (await ReadAsync(changed)).Result);
        }
    }

    [Fact]
    public async Task A_signed_error_response_counts()
    {
        var answer = await ReadAsync(FakeGateway.Signed(
            "error_response", """{"code":"40002","msg":"Invalid Arguments","sub_code":"isv.invalid-app-id"}"""));

        Assert.Equal((ChannelResult.Refused, "isv.invalid-app-id"), (answer.Result, answer.Code));
    }

    [Fact]
    public async Task An_unsigned_error_response_is_a_hint_and_proves_nothing()
    {
        var answer = await ReadAsync("""{"error_response":{"code":"40002","sub_code":"isv.invalid-app-id"}}""");

        Assert.Equal((ChannelResult.Unknown, "SIGNATURE_MISSING"), (answer.Result, answer.Code));
        Assert.Equal("unverified: isv.invalid-app-id", answer.Message);
    }

    [Fact]
    public async Task An_error_response_that_says_success_is_unreadable()
    {
        Assert.Equal("ANSWER_UNREADABLE", (await ReadAsync(FakeGateway.Signed("error_response", Good))).Code);
    }

    [Theory]
    [InlineData("javascript:alert(1)")]
    [InlineData("/pay")]
    [InlineData("")]
    public async Task A_link_that_is_no_web_address_is_not_passed_on(string link)
    {
        var node = Good.Replace("https://qr.alipay.com/x", link, StringComparison.Ordinal);

        var answer = await ReadAsync(FakeGateway.Signed(Node, node));

        Assert.Equal(ChannelResult.Unknown, answer.Result);
        Assert.Null(answer.Link);
    }

    private static string Fill(string body) => body
        .Replace("NODE", Node, StringComparison.Ordinal)
        .Replace("GOOD", Good, StringComparison.Ordinal)
        .Replace("EVIL", Evil, StringComparison.Ordinal)
        .Replace("SIGN", Sign, StringComparison.Ordinal);

    private static async Task<ChannelAnswer> ReadAsync(string body)
    {
        using var gateway = new FakeGateway().Answers(body);
        using var channel = gateway.Channel();
        return await channel.CreateAsync(FakeGateway.Request(), TestContext.Current.CancellationToken);
    }
}
