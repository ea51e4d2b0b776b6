using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using CardShop.Shop.Channels;
using CardShop.Shop.Channels.Alipay;
using CardShop.Tests.Unit.Sandbox;
using CardShop.Tests.Unit.Pipeline;
using Xunit;

namespace CardShop.Tests.Unit.Channels;

public sealed class When_alipay_is_called
{
    private const string Precreated =
        """{"code":"10000","msg":"Success","out_trade_no":"CS20260101000001","qr_code":"https://qr.alipay.com/x"}""";
    private const string PrecreateNode = "alipay_trade_precreate_response";
    private const string QueryNode = "alipay_trade_query_response";
    private const string RefundNode = "alipay_trade_refund_response";
    private const string RefundQueryNode = "alipay_trade_fastpay_refund_query_response";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_create_carries_the_saved_payment_and_a_fitting_signature()
    {
        using var gateway = new FakeGateway().Answers(FakeGateway.Signed(PrecreateNode, Precreated));
        using var channel = gateway.Channel();

        var answer = await channel.CreateAsync(FakeGateway.Request(), Token);

        Assert.Equal(ChannelResult.Done, answer.Result);
        Assert.Equal(("https://qr.alipay.com/x", "https://qr.alipay.com/x"), (answer.Link, answer.Qr));
        var sent = gateway.Sent[0];
        Assert.Equal("2026-01-01 12:00:00", sent["timestamp"]);
        Assert.Equal("https://shop.example.test/notify/alipay", sent["notify_url"]);
        Assert.True(AlipaySignature.Verify(FakeGateway.Key, AlipaySignature.OfRequest(sent), sent["sign"]));
        Assert.Equal("?charset=utf-8", gateway.Addresses[0].Query);
        using var content = JsonDocument.Parse(sent["biz_content"]);
        Assert.Equal("88.88", content.RootElement.GetProperty("total_amount").GetString());
        Assert.Equal("卡密 测试+A&B=1 x 2", content.RootElement.GetProperty("subject").GetString());
        Assert.Equal("2026-01-01 12:15:00", content.RootElement.GetProperty("time_expire").GetString());
        Assert.Equal("15m", content.RootElement.GetProperty("timeout_express").GetString());
        Assert.Equal("15m", content.RootElement.GetProperty("qr_code_timeout_express").GetString());
    }

    [Fact]
    public async Task A_repeated_create_is_the_same_byte_for_byte()
    {
        var answer = FakeGateway.Signed(PrecreateNode, Precreated);
        using var gateway = new FakeGateway().Answers(answer).Answers(answer);
        using var channel = gateway.Channel();

        await channel.CreateAsync(FakeGateway.Request(), Token);
        await channel.CreateAsync(FakeGateway.Request(), Token);

        Assert.Equal(gateway.Bodies[0], gateway.Bodies[1]);
    }

    [Fact]
    public async Task A_subject_is_cut_between_characters_and_loses_what_breaks_a_line()
    {
        using var gateway = new FakeGateway().Answers(FakeGateway.Signed(PrecreateNode, Precreated));
        using var channel = gateway.Channel();
        var subject = "\r\n\ud800" + new string('x', 252) + "😀";

        await channel.CreateAsync(FakeGateway.Request(subject: subject), Token);

        using var content = JsonDocument.Parse(gateway.Sent[0]["biz_content"]);
        Assert.Equal("  \ufffd" + new string('x', 252), content.RootElement.GetProperty("subject").GetString());
    }

    [Fact]
    public async Task A_payment_whose_time_is_over_is_not_opened()
    {
        using var gateway = new FakeGateway();
        using var channel = gateway.Channel();

        var answer = await channel.CreateAsync(
            FakeGateway.Request() with { ExpiresAt = FakeGateway.Noon.GetUtcNow() }, Token);

        Assert.Equal((ChannelResult.WrongState, "EXPIRED"), (answer.Result, answer.Code));
        Assert.Empty(gateway.Sent);
    }

    [Theory]
    [InlineData("ACQ.INVALID_PARAMETER", true, ChannelResult.WrongState)]
    [InlineData("ACQ.INVALID_PARAMETER", false, ChannelResult.Refused)]
    [InlineData("ACQ.SYSTEM_ERROR", true, ChannelResult.Unknown)]
    public async Task A_refusal_that_came_after_the_payments_time_is_no_case_for_an_operator(
        string subCode, bool late, ChannelResult expected)
    {
        var clock = new ManualClock();
        var request = FakeGateway.Request() with { ExpiresAt = clock.GetUtcNow().AddSeconds(1) };
        var refusal = FakeGateway.Signed(PrecreateNode, $$"""{"code":"40004","sub_code":"{{subCode}}"}""");
        using var gateway = new FakeGateway().Answers(refusal, _ =>
        {
            clock.Advance(TimeSpan.FromSeconds(late ? 1 : 0));
            return Task.CompletedTask;
        });
        using var channel = gateway.Channel(clock);

        Assert.Equal(expected, (await channel.CreateAsync(request, Token)).Result);
    }

    [Fact]
    public async Task A_process_that_was_stopped_itself_still_reads_what_was_answered()
    {
        var time = new ManualTime();
        var answered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var gateway = new FakeGateway().Answers("", limit => answered.Task.WaitAsync(limit));
        using var channel = new AlipayChannel(new AlipayOptions { Profiles = [FakeGateway.Profile()] }, time, gateway);

        var call = channel.QueryAsync(FakeGateway.Request(), Token);
        time.Advance(TimeSpan.FromMinutes(1));
        answered.SetResult();

        Assert.Equal("ANSWER_UNREADABLE", (await call.WaitAsync(Token)).Code);
    }

    [Fact]
    public async Task A_call_without_an_answer_ends_after_its_limit_and_is_unknown()
    {
        using var gateway = new FakeGateway().Answers("", limit => Task.Delay(Timeout.Infinite, limit));
        using var channel = new AlipayChannel(
            new AlipayOptions { Profiles = [FakeGateway.Profile()], CallTimeout = TimeSpan.FromMilliseconds(20) },
            TimeProvider.System, gateway);

        var answer = await channel.QueryAsync(FakeGateway.Request(), Token);

        Assert.Equal((ChannelResult.Unknown, "TIMEOUT"), (answer.Result, answer.Code));
    }

    [Theory]
    [InlineData(0, "CNY", "main", "AMOUNT_INVALID")]
    [InlineData(-1, "CNY", "main", "AMOUNT_INVALID")]
    [InlineData(10_000_000_001, "CNY", "main", "AMOUNT_INVALID")]
    [InlineData(100, "USD", "main", "CURRENCY_INVALID")]
    [InlineData(100, "CNY", "gone", "PROFILE_UNKNOWN")]
    public async Task What_cannot_be_asked_is_refused_without_a_call(
        long amount, string currency, string profile, string code)
    {
        using var gateway = new FakeGateway();
        using var channel = gateway.Channel();
        var request = FakeGateway.Request() with { AmountMinor = amount, Currency = currency, Profile = profile };

        ChannelAnswer[] answers =
        [
            await channel.CreateAsync(request, Token), await channel.QueryAsync(request, Token),
            await channel.CloseAsync(request, Token),
            await channel.RefundAsync(new RefundRequest(request, "R1", 1, "because", DateTimeOffset.UnixEpoch, null), Token),
        ];

        Assert.All(answers, one => Assert.Equal((ChannelResult.Refused, code), (one.Result, one.Code)));
        Assert.Empty(gateway.Sent);
    }

    [Theory]
    [InlineData("WAIT_BUYER_PAY", null, TradeStatus.Waiting, 0)]
    [InlineData("TRADE_SUCCESS", "2026-01-01 12:00:20", TradeStatus.Paid, 0)]
    [InlineData("TRADE_FINISHED", "2026-01-01 12:00:20", TradeStatus.Paid, 0)]
    [InlineData("TRADE_CLOSED", null, TradeStatus.Closed, 0)]
    [InlineData("TRADE_CLOSED", "2026-01-01 12:00:20", TradeStatus.Closed, 8888)]
    public async Task A_query_tells_the_trade(string status, string? paidAt, TradeStatus expected, long refunded)
    {
        var json = $$"""
            {"code":"10000","out_trade_no":"CS20260101000001","trade_no":"2026","trade_status":"{{status}}",
            "total_amount":"88.88","send_pay_date":"{{paidAt}}"}
            """;
        using var gateway = new FakeGateway().Answers(FakeGateway.Signed(QueryNode, json));
        using var channel = gateway.Channel();

        var answer = await channel.QueryAsync(FakeGateway.Request(), Token);

        Assert.Equal(ChannelResult.Done, answer.Result);
        Assert.Equal(
            new ProviderTrade(
                "CS20260101000001", "2026", expected, 8888, "CNY", AlipayText.ParseTime(paidAt), refunded),
            answer.Trade);
    }

    [Theory]
    [InlineData("""{"code":"10000","out_trade_no":"OTHER","trade_status":"TRADE_SUCCESS","total_amount":"88.88"}""")]
    [InlineData("""{"code":"10000","out_trade_no":"CS20260101000001","trade_status":"NEW","total_amount":"88.88"}""")]
    [InlineData("""{"code":"10000","out_trade_no":"CS20260101000001","trade_status":"TRADE_SUCCESS"}""")]
    [InlineData("""{"code":"10000"}""")]
    [InlineData("""{"code":{},"sub_code":[]}""")]
    [InlineData("{}")]
    public async Task A_query_answer_that_says_too_little_is_unknown(string json)
    {
        using var gateway = new FakeGateway().Answers(FakeGateway.Signed(QueryNode, json));
        using var channel = gateway.Channel();

        var answer = await channel.QueryAsync(FakeGateway.Request(), Token);

        Assert.Equal(ChannelResult.Unknown, answer.Result);
        Assert.Null(answer.Trade);
    }

    [Fact]
    public async Task Two_refund_calls_differ_in_their_timestamp_alone()
    {
        const string json =
            """{"code":"10000","out_trade_no":"CS20260101000001","fund_change":"Y","refund_fee":"10.00"}""";
        using var gateway = new FakeGateway()
            .Answers(FakeGateway.Signed(RefundNode, json)).Answers(FakeGateway.Signed(RefundNode, json));
        using var channel = gateway.Channel();
        var refund = new RefundRequest(FakeGateway.Request(), "R1", 1000, "sold out", DateTimeOffset.UnixEpoch, null);

        var answer = await channel.RefundAsync(refund, Token);
        await channel.RefundAsync(refund, Token);

        Assert.Equal(ChannelResult.Done, answer.Result);
        Assert.Equal((1000, TradeStatus.Paid), (answer.Trade!.RefundedMinor, answer.Trade.Status));
        Assert.Equal(gateway.Sent[0]["biz_content"], gateway.Sent[1]["biz_content"]);
        Assert.Equal("2026-01-01 12:00:30", gateway.Sent[0]["timestamp"]);
    }

    [Theory]
    [InlineData(
        """{"code":"10000","out_request_no":"R1","refund_status":"REFUND_SUCCESS","refund_amount":"10.00"}""",
        ChannelResult.Done)]
    [InlineData(
        """{"code":"10000","out_request_no":"R1","refund_status":"REFUND_SUCCESS","refund_amount":"9.00"}""",
        ChannelResult.Unknown)]
    [InlineData(
        """{"code":"10000","out_request_no":"R2","refund_status":"REFUND_SUCCESS","refund_amount":"10.00"}""",
        ChannelResult.Unknown)]
    [InlineData("""{"code":"10000","out_request_no":"R1","refund_amount":"10.00"}""", ChannelResult.Unknown)]
    [InlineData("""{"code":"10000"}""", ChannelResult.Unknown)]
    [InlineData("""{"code":"40004","sub_code":"ACQ.TRADE_NOT_EXIST"}""", ChannelResult.Unknown)]
    public async Task A_refund_that_moved_nothing_now_is_looked_at(string json, ChannelResult expected)
    {
        const string repeated =
            """{"code":"10000","out_trade_no":"CS20260101000001","fund_change":"N","refund_fee":"10.00"}""";
        using var gateway = new FakeGateway()
            .Answers(FakeGateway.Signed(RefundNode, repeated)).Answers(FakeGateway.Signed(RefundQueryNode, json));
        using var channel = gateway.Channel();

        var answer = await channel.RefundAsync(new RefundRequest(FakeGateway.Request(), "R1", 1000, "", DateTimeOffset.UnixEpoch, null), Token);

        Assert.Equal(expected, answer.Result);
        Assert.Equal(AlipayMethods.RefundQuery, gateway.Sent[1]["method"]);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(8889)]
    public async Task A_refund_of_nothing_or_too_much_is_refused_without_a_call(long amount)
    {
        using var gateway = new FakeGateway();
        using var channel = gateway.Channel();

        var answer = await channel.RefundAsync(new RefundRequest(FakeGateway.Request(), "R1", amount, "", DateTimeOffset.UnixEpoch, null), Token);

        Assert.Equal(ChannelResult.Refused, answer.Result);
        Assert.Empty(gateway.Sent);
    }

    [Theory]
    [InlineData(HttpStatusCode.InternalServerError)]
    [InlineData(HttpStatusCode.BadGateway)]
    [InlineData(HttpStatusCode.Found)]
    [InlineData(HttpStatusCode.Forbidden)]
    [InlineData(HttpStatusCode.NoContent)]
    public async Task An_http_status_other_than_200_is_unknown(HttpStatusCode status)
    {
        using var gateway = new FakeGateway().Answers(FakeGateway.Signed(PrecreateNode, Precreated), status);
        using var channel = gateway.Channel();

        var answer = await channel.CreateAsync(FakeGateway.Request(), Token);

        Assert.Equal((ChannelResult.Unknown, $"HTTP_{(int)status}"), (answer.Result, answer.Code));
    }

    [Fact]
    public async Task A_broken_connection_is_unknown()
    {
        using var gateway = new FakeGateway()
            .Fails(new HttpRequestException("refused", new SocketException(111)))
            .Fails(new HttpRequestException("reset"))
            .Fails(new IOException("cut"));
        using var channel = gateway.Channel();

        var codes = new List<string?>();
        for (var i = 0; i < 3; i++)
        {
            var answer = await channel.CloseAsync(FakeGateway.Request(), Token);
            Assert.Equal(ChannelResult.Unknown, answer.Result);
            codes.Add(answer.Code);
        }

        Assert.Equal(["CONNECTION_FAILED", "HTTP_FAILED", "HTTP_FAILED"], codes);
    }

    [Fact]
    public async Task An_endless_answer_is_cut_off_and_unknown()
    {
        using var gateway = new FakeGateway().Answers(new string(' ', 70_000));
        using var channel = gateway.Channel();

        var answer = await channel.QueryAsync(FakeGateway.Request(), Token);

        Assert.Equal((ChannelResult.Unknown, "ANSWER_TOO_LARGE"), (answer.Result, answer.Code));
    }

    [Fact]
    public async Task A_call_that_the_caller_gives_up_throws()
    {
        using var gateway = new FakeGateway().Fails(new OperationCanceledException());
        using var channel = gateway.Channel();
        using var gone = new CancellationTokenSource();
        await gone.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => channel.QueryAsync(FakeGateway.Request(), gone.Token));
    }
}
