using System.Net.Sockets;
using System.Text;
using CardShop.Shop.Channels;
using CardShop.Shop.Channels.WeChat;
using CardShop.Tests.Unit.Sandbox;
using Xunit;

namespace CardShop.Tests.Unit.Channels;

public sealed class When_wechat_is_called
{
    private const string Created = """{"code_url":"weixin://wxpay/bizpayurl?pr=00000000"}""";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_create_sends_the_vectors_body_with_a_fitting_signature()
    {
        using var gateway = new FakeWeChat().Answers(Created);
        using var channel = gateway.Channel();

        var answer = await channel.CreateAsync(FakeWeChat.Request(), Token);

        Assert.Equal(
            (ChannelResult.Done, "weixin://wxpay/bizpayurl?pr=00000000", "weixin://wxpay/bizpayurl?pr=00000000"),
            (answer.Result, answer.Link, answer.Qr));
        Assert.Equal("POST /v3/pay/transactions/native", gateway.Calls[0]);
        Assert.Equal(WeChatVectors.RequestBody, gateway.Bodies[0]);
        Assert.Null(gateway.Serials[0]);
        var parts = Parts(gateway.Authorizations[0]);
        Assert.Equal((WeChatVectors.MerchantId, WeChatVectors.Serial), (parts["mchid"], parts["serial_no"]));
        Assert.Equal(WeChatSignature.Timestamp(FakeWeChat.Noon.GetUtcNow()), parts["timestamp"]);
        Assert.True(WeChatSignature.Verify(
            FakeWeChat.Key,
            WeChatSignature.OfRequest(
                "POST", "/v3/pay/transactions/native", parts["timestamp"], parts["nonce_str"],
                Encoding.UTF8.GetBytes(gateway.Bodies[0])),
            parts["signature"]));
    }

    [Fact]
    public async Task A_repeat_has_the_same_body_and_a_nonce_of_its_own()
    {
        const string processing = """{"code":"SYSTEM_ERROR","message":"again"}""";
        using var gateway = new FakeWeChat()
            .Answers(Created).Answers(Created).Answers(processing, 500).Answers(processing, 500);
        using var channel = gateway.Channel();

        await channel.CreateAsync(FakeWeChat.Request(), Token);
        await channel.CreateAsync(FakeWeChat.Request(), Token);
        await channel.RefundAsync(FakeWeChat.Refund(), Token);
        await channel.RefundAsync(FakeWeChat.Refund() with { TradeNo = "42" }, Token);

        Assert.Equal(gateway.Bodies[0], gateway.Bodies[1]);
        Assert.Equal(gateway.Bodies[2], gateway.Bodies[3]);
        Assert.NotEqual(Parts(gateway.Authorizations[0])["nonce_str"], Parts(gateway.Authorizations[1])["nonce_str"]);
    }

    [Fact]
    public async Task A_public_key_that_stands_first_is_named_in_requests_and_older_keys_still_verify()
    {
        using var gateway = new FakeWeChat().Answers(Created);
        using var channel = gateway.Channel(null, FakeWeChat.Profile(
            keys: [FakeWeChat.PlatformKey("PUB_KEY_ID_01"), new() { Key = WeChatVectors.Certificate }]));

        Assert.Equal(ChannelResult.Done, (await channel.CreateAsync(FakeWeChat.Request(), Token)).Result);
        Assert.Equal("PUB_KEY_ID_01", gateway.Serials[0]);
    }

    public static TheoryData<string, string, string?> Spoiled => new()
    {
        { WeChatHeaders.Signature, "SIGNATURE_MISSING", null },
        { WeChatHeaders.Serial, "SIGNATURE_MISSING", null },
        { WeChatHeaders.Nonce, "SIGNATURE_MISSING", null },
        { WeChatHeaders.Timestamp, "SIGNATURE_MISSING", null },
        { WeChatHeaders.Serial, "SIGNATURE_KEY_UNKNOWN", "5678" },
        { WeChatHeaders.Nonce, "SIGNATURE_WRONG", "other" },
        { WeChatHeaders.Timestamp, "SIGNATURE_WRONG", "1767240029" },
        { WeChatHeaders.Timestamp, "SIGNATURE_STALE", "1767239000" },
        { WeChatHeaders.Signature, "SIGNATURE_WRONG", "AAAA" },
        { WeChatHeaders.Signature, "SIGNATURE_WRONG", "WECHATPAY/SIGNTEST/AAAA" },
    };

    [Theory]
    [MemberData(nameof(Spoiled))]
    public async Task An_answer_that_wechat_did_not_sign_lately_is_unknown(string header, string code, string? value)
    {
        using var gateway = new FakeWeChat().Answers(Created, 200, response =>
        {
            response.Headers.Remove(header);
            if (value is not null)
            {
                response.Headers.Add(header, value);
            }
        });
        using var channel = gateway.Channel();

        var answer = await channel.CreateAsync(FakeWeChat.Request(), Token);

        Assert.Equal((ChannelResult.Unknown, code), (answer.Result, answer.Code));
        Assert.Null(answer.Link);
    }

    [Fact]
    public async Task A_changed_body_and_a_doubled_header_are_unknown()
    {
        using var gateway = new FakeWeChat()
            .Answers(Created, 200, one => one.Content = new StringContent(Created.Replace('0', '1')))
            .Answers(Created, 200, one => one.Headers.Add(WeChatHeaders.Nonce, "second"));
        using var channel = gateway.Channel();

        Assert.Equal("SIGNATURE_WRONG", (await channel.CreateAsync(FakeWeChat.Request(), Token)).Code);
        Assert.Equal("SIGNATURE_MISSING", (await channel.CreateAsync(FakeWeChat.Request(), Token)).Code);
    }

    [Theory]
    [InlineData(401, """{"code":"SIGN_ERROR"}""", "unverified: SIGN_ERROR")]
    [InlineData(502, "<html>", "unverified: no code")]
    [InlineData(302, "", "unverified: no code")]
    public async Task An_error_without_a_signature_is_unknown_and_a_hint(int status, string body, string hint)
    {
        using var gateway = new FakeWeChat().Answers(
            body, status, one => one.Headers.Remove(WeChatHeaders.Signature));
        using var channel = gateway.Channel();

        var answer = await channel.QueryAsync(FakeWeChat.Request(), Token);

        Assert.Equal((ChannelResult.Unknown, $"HTTP_{status}", hint), (answer.Result, answer.Code, answer.Message));
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("""{"code_url":"javascript:alert(1)"}""")]
    [InlineData("""{"code_url":"a","code_url":"weixin://b"}""")]
    [InlineData("""{"code_url":7}""")]
    public async Task A_create_answer_without_a_code_to_scan_is_unknown(string body)
    {
        using var gateway = new FakeWeChat().Answers(body);
        using var channel = gateway.Channel();

        var answer = await channel.CreateAsync(FakeWeChat.Request(), Token);

        Assert.Equal((ChannelResult.Unknown, "ANSWER_UNREADABLE"), (answer.Result, answer.Code));
    }

    [Theory]
    [InlineData("SUCCESS", true, TradeStatus.Paid)]
    [InlineData("REFUND", true, TradeStatus.Paid)]
    [InlineData("NOTPAY", false, TradeStatus.Waiting)]
    [InlineData("PAYERROR", false, TradeStatus.Waiting)]
    [InlineData("CLOSED", false, TradeStatus.Closed)]
    [InlineData("REVOKED", false, TradeStatus.Closed)]
    public async Task A_query_tells_the_trade(string state, bool paid, TradeStatus expected)
    {
        using var gateway = new FakeWeChat().Answers(Trade(state, paid));
        using var channel = gateway.Channel();

        var answer = await channel.QueryAsync(FakeWeChat.Request(), Token);

        Assert.Equal("GET /v3/pay/transactions/out-trade-no/CS20260101000002?mchid=1900000001", gateway.Calls[0]);
        Assert.Equal(
            new ProviderTrade(
                WeChatVectors.Number, paid ? "42" : null, expected, 8888, "CNY",
                paid ? FakeWeChat.Opened.AddSeconds(20) : null),
            answer.Trade);
    }

    public static TheoryData<string, string> Misfits => new()
    {
        { "CS20260101000002", "CS20260101000009" },
        { "1900000001", "1900000009" },
        { "wx0000000000000001", "wx0000000000000009" },
        { "SUCCESS", "NEW" },
        { "\"total\":8888", "\"total\":\"8888\"" },
        { "\"total\":8888", "\"total\":88.5" },
        { "\"total\":8888", "\"total\":0" },
        { "\"total\":8888", "\"total\":-1" },
        { "\"total\":8888", "\"payer_total\":8888" },
        { "success_time", "other_time" },
    };

    [Theory]
    [MemberData(nameof(Misfits))]
    public async Task A_query_answer_that_does_not_fit_is_unknown(string what, string with)
    {
        var body = Trade("SUCCESS", paid: true).Replace(what, with, StringComparison.Ordinal);
        Assert.NotEqual(Trade("SUCCESS", paid: true), body);
        using var gateway = new FakeWeChat().Answers(body);
        using var channel = gateway.Channel();

        var answer = await channel.QueryAsync(FakeWeChat.Request(), Token);

        Assert.Equal((ChannelResult.Unknown, "ANSWER_UNREADABLE"), (answer.Result, answer.Code));
        Assert.Null(answer.Trade);
    }

    [Fact]
    public async Task A_buyer_who_is_paying_leaves_the_trade_unknown()
    {
        using var gateway = new FakeWeChat().Answers(Trade("USERPAYING", paid: false));
        using var channel = gateway.Channel();

        var answer = await channel.QueryAsync(FakeWeChat.Request(), Token);

        Assert.Equal((ChannelResult.Unknown, "USERPAYING"), (answer.Result, answer.Code));
    }

    [Theory]
    [InlineData("CLOSED", false, ChannelResult.Done)]
    [InlineData("SUCCESS", true, ChannelResult.WrongState)]
    [InlineData("NOTPAY", false, ChannelResult.Unknown)]
    [InlineData("USERPAYING", false, ChannelResult.Unknown)]
    public async Task A_close_is_believed_only_after_a_query(string state, bool paid, ChannelResult expected)
    {
        using var gateway = new FakeWeChat().Answers("", 204).Answers(Trade(state, paid));
        using var channel = gateway.Channel();

        var answer = await channel.CloseAsync(FakeWeChat.Request(), Token);

        Assert.Equal(expected, answer.Result);
        Assert.Equal("POST /v3/pay/transactions/out-trade-no/CS20260101000002/close", gateway.Calls[0]);
        Assert.Equal("""{"mchid":"1900000001"}""", gateway.Bodies[0]);
    }

    [Fact]
    public async Task A_close_of_a_number_that_wechat_never_saw_finds_nothing()
    {
        using var gateway = new FakeWeChat().Answers("", 204).Answers("""{"code":"ORDER_NOT_EXIST"}""", 404);
        using var channel = gateway.Channel();

        Assert.Equal(ChannelResult.NotFound, (await channel.CloseAsync(FakeWeChat.Request(), Token)).Result);
    }

    [Theory]
    [InlineData(0, "CNY", "main", WeChatVectors.Number, "AMOUNT_INVALID")]
    [InlineData(-1, "CNY", "main", WeChatVectors.Number, "AMOUNT_INVALID")]
    [InlineData(2_147_483_648, "CNY", "main", WeChatVectors.Number, "AMOUNT_INVALID")]
    [InlineData(100, "USD", "main", WeChatVectors.Number, "CURRENCY_INVALID")]
    [InlineData(100, "CNY", "gone", WeChatVectors.Number, "PROFILE_UNKNOWN")]
    [InlineData(100, "CNY", "main", "short", "NUMBER_INVALID")]
    [InlineData(100, "CNY", "main", "../../../etc", "NUMBER_INVALID")]
    [InlineData(100, "CNY", "main", "123456789012345678901234567890123", "NUMBER_INVALID")]
    public async Task What_cannot_be_asked_is_refused_without_a_call(
        long amount, string currency, string profile, string number, string code)
    {
        using var gateway = new FakeWeChat();
        using var channel = gateway.Channel();
        var request = FakeWeChat.Request() with
        {
            AmountMinor = amount,
            Currency = currency,
            Profile = profile,
            Number = number,
        };

        ChannelAnswer[] answers =
        [
            await channel.CreateAsync(request, Token), await channel.QueryAsync(request, Token),
            await channel.CloseAsync(request, Token),
            await channel.RefundAsync(FakeWeChat.Refund(1) with { Payment = request }, Token),
        ];

        Assert.All(answers, one => Assert.Equal((ChannelResult.Refused, code), (one.Result, one.Code)));
        Assert.Empty(gateway.Calls);
    }

    [Theory]
    [InlineData("PARAM_ERROR", 400, true, ChannelResult.WrongState)]
    [InlineData("PARAM_ERROR", 400, false, ChannelResult.Refused)]
    [InlineData("SYSTEM_ERROR", 500, true, ChannelResult.Unknown)]
    public async Task A_refusal_that_came_after_the_payments_time_is_no_case_for_an_operator(
        string code, int status, bool late, ChannelResult expected)
    {
        var clock = new ManualClock();
        clock.Advance(TimeSpan.FromSeconds(30));
        var request = FakeWeChat.Request() with { ExpiresAt = clock.GetUtcNow().AddSeconds(1) };
        using var gateway = new FakeWeChat().Answers($$"""{"code":"{{code}}"}""", status, _ =>
        {
            clock.Advance(TimeSpan.FromSeconds(late ? 1 : 0));
            return Task.CompletedTask;
        });
        using var channel = gateway.Channel(clock);

        Assert.Equal(expected, (await channel.CreateAsync(request, Token)).Result);
        Assert.Equal("EXPIRED", (await channel.CreateAsync(request with { ExpiresAt = clock.GetUtcNow() }, Token)).Code);
        Assert.Single(gateway.Calls);
    }

    [Fact]
    public async Task A_description_is_cut_between_characters_and_loses_what_breaks_a_line()
    {
        using var gateway = new FakeWeChat().Answers(Created);
        using var channel = gateway.Channel();

        await channel.CreateAsync(
            FakeWeChat.Request(subject: "\r\n\ud800" + new string('x', 123) + "😀"), Token);

        var body = WeChatJson.Read(Encoding.UTF8.GetBytes(gateway.Bodies[0]))!.Value;
        Assert.Equal("  \ufffd" + new string('x', 123), WeChatJson.Text(body, "description"));
    }

    [Fact]
    public async Task A_broken_connection_is_unknown()
    {
        using var gateway = new FakeWeChat()
            .Fails(new HttpRequestException("refused", new SocketException(111)))
            .Fails(new HttpRequestException("reset"))
            .Fails(new IOException("cut"))
            .Answers(new string(' ', 70_000));
        using var channel = gateway.Channel();

        var codes = new List<string?>();
        for (var i = 0; i < 4; i++)
        {
            var answer = await channel.QueryAsync(FakeWeChat.Request(), Token);
            Assert.Equal(ChannelResult.Unknown, answer.Result);
            codes.Add(answer.Code);
        }

        Assert.Equal(["CONNECTION_FAILED", "HTTP_FAILED", "HTTP_FAILED", "ANSWER_TOO_LARGE"], codes);
    }

    [Fact]
    public async Task A_call_without_an_answer_ends_after_its_limit_and_is_unknown()
    {
        using var gateway = new FakeWeChat().Answers("", 200, limit => Task.Delay(Timeout.Infinite, limit));
        using var channel = new WeChatChannel(
            new WeChatOptions { Profiles = [FakeWeChat.Profile()], CallTimeout = TimeSpan.FromMilliseconds(20) },
            TimeProvider.System, gateway);

        var answer = await channel.QueryAsync(FakeWeChat.Request(), Token);

        Assert.Equal((ChannelResult.Unknown, "TIMEOUT"), (answer.Result, answer.Code));
    }

    [Fact]
    public async Task A_call_that_the_caller_gives_up_throws()
    {
        using var gateway = new FakeWeChat().Fails(new OperationCanceledException());
        using var channel = gateway.Channel();
        using var gone = new CancellationTokenSource();
        await gone.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => channel.QueryAsync(FakeWeChat.Request(), gone.Token));
    }

    private static string Trade(string state, bool paid)
    {
        const string More =
            """, "transaction_id":"42","success_time":"2026-01-01T12:00:20+08:00","amount":{"total":8888}""";
        const string Start =
            """{"appid":"wx0000000000000001","mchid":"1900000001","out_trade_no":"CS20260101000002","trade_state":""";
        return Start + $"\"{state}\"" + (paid ? More : "") + "}";
    }

    private static Dictionary<string, string> Parts(string authorization)
    {
        Assert.StartsWith("WECHATPAY2-SHA256-RSA2048 ", authorization, StringComparison.Ordinal);
        return authorization["WECHATPAY2-SHA256-RSA2048 ".Length..].Split(',').ToDictionary(
            one => one[..one.IndexOf('=', StringComparison.Ordinal)],
            one => one[(one.IndexOf('=', StringComparison.Ordinal) + 1)..].Trim('"'));
    }
}
