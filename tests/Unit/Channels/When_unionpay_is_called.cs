using System.Net;
using System.Net.Sockets;
using CardShop.Shop.Channels;
using CardShop.Shop.Channels.UnionPay;
using CardShop.Tests.Unit.Sandbox;
using Xunit;

namespace CardShop.Tests.Unit.Channels;

public sealed class When_unionpay_is_called
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_create_asks_for_a_code_and_gives_it_as_link_and_qr()
    {
        using var bank = new FakeUnionPay().Answers("00", ("qrCode", "https://qr.95516.com/1"));
        using var channel = bank.Channel();

        var answer = await channel.CreateAsync(FakeUnionPay.Request(), Token);

        Assert.Equal(
            (ChannelResult.Done, "https://qr.95516.com/1", "https://qr.95516.com/1"),
            (answer.Result, answer.Link, answer.Qr));
        Assert.Equal("https://gateway.test.95516.com/gateway/api/backTransReq.do", bank.Addresses[0].AbsoluteUri);
        Assert.Equal(
            new Dictionary<string, string>
            {
                ["version"] = "5.1.0",
                ["encoding"] = "UTF-8",
                ["signMethod"] = "01",
                ["txnType"] = "01",
                ["txnSubType"] = "07",
                ["bizType"] = "000000",
                ["channelType"] = "08",
                ["accessType"] = "0",
                ["merId"] = UnionPayVectors.MerchantId,
                ["orderId"] = UnionPayVectors.Number,
                ["txnTime"] = "20260101120000",
                ["txnAmt"] = "8888",
                ["currencyCode"] = "156",
                ["backUrl"] = "https://shop.example.test/notify/unionpay",
                ["payTimeout"] = "20260101121500",
                ["certId"] = "4660",
            },
            bank.Sent[0].Where(one => one.Key != "signature").ToDictionary());
        Assert.True(UnionPaySignature.IsSigned(FakeUnionPay.Key, bank.Sent[0]));
    }

    [Fact]
    public async Task A_repeated_create_is_the_same_byte_for_byte()
    {
        using var bank = new FakeUnionPay()
            .Answers("00", ("qrCode", "https://qr.95516.com/1")).Answers("12");
        using var channel = bank.Channel();

        await channel.CreateAsync(FakeUnionPay.Request(), Token);
        var repeated = await channel.CreateAsync(FakeUnionPay.Request(), Token);

        Assert.Equal(bank.Bodies[0], bank.Bodies[1]);
        Assert.Equal((ChannelResult.WrongState, "12"), (repeated.Result, repeated.Code));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("weixin://x")]
    [InlineData("javascript:alert(1)")]
    public async Task A_code_that_is_no_web_address_is_not_given_to_a_buyer(string? code)
    {
        using var bank = new FakeUnionPay().Answers("00", ("qrCode", code));
        using var channel = bank.Channel();

        var answer = await channel.CreateAsync(FakeUnionPay.Request(), Token);

        Assert.Equal((ChannelResult.Unknown, "ANSWER_UNREADABLE"), (answer.Result, answer.Code));
    }

    [Fact]
    public async Task A_page_needs_no_call_and_is_the_same_each_time()
    {
        using var bank = new FakeUnionPay();
        using var channel = bank.Channel(null, FakeUnionPay.Profile(product: "page"));

        var answer = await channel.CreateAsync(FakeUnionPay.Request(subject: "A=1&{b} 卡密\n"), Token);

        Assert.Equal(answer, await channel.CreateAsync(FakeUnionPay.Request(subject: "A=1&{b} 卡密\n"), Token));
        Assert.Equal((ChannelResult.Done, null), (answer.Result, answer.Qr));
        Assert.Empty(bank.Sent);
        var page = UnionPayPage.Split(answer.Link);
        Assert.Equal("https://gateway.test.95516.com/gateway/api/frontTransReq.do", page!.Action.AbsoluteUri);
        var fields = page.Fields.ToDictionary();
        Assert.True(UnionPaySignature.IsSigned(FakeUnionPay.Key, fields));
        Assert.Equal(
            ("01", "01", "000201", "07", "https://shop.example.test/return/unionpay", "{commodityName=A 1  b  卡密 }"),
            (fields["txnType"], fields["txnSubType"], fields["bizType"], fields["channelType"], fields["frontUrl"],
                fields["riskRateInfo"]));
        foreach (var (name, value) in UnionPayVectors.Request.Where(one => one.Key != "bizType"))
        {
            Assert.Equal(value, fields[name]);
        }
    }

    [Fact]
    public async Task A_payment_whose_time_is_over_is_not_opened()
    {
        using var bank = new FakeUnionPay();
        using var channel = bank.Channel();

        var answer = await channel.CreateAsync(
            FakeUnionPay.Request() with { ExpiresAt = FakeUnionPay.Noon.GetUtcNow() }, Token);

        Assert.Equal((ChannelResult.WrongState, "EXPIRED"), (answer.Result, answer.Code));
        Assert.Empty(bank.Sent);
    }

    [Theory]
    [InlineData("39", true, ChannelResult.WrongState)]
    [InlineData("39", false, ChannelResult.Refused)]
    [InlineData("03", true, ChannelResult.Unknown)]
    public async Task A_refusal_that_came_after_the_payments_time_is_no_case_for_an_operator(
        string code, bool late, ChannelResult expected)
    {
        var clock = new ManualClock();
        var request = FakeUnionPay.Request() with { ExpiresAt = clock.GetUtcNow().AddSeconds(1) };
        using var bank = new FakeUnionPay().AnswersText((sent, _) =>
        {
            clock.Advance(TimeSpan.FromSeconds(late ? 1 : 0));
            return Task.FromResult(FakeUnionPay.Signed(sent, code));
        });
        using var channel = bank.Channel(clock);

        Assert.Equal(expected, (await channel.CreateAsync(request, Token)).Result);
    }

    [Theory]
    [InlineData("00", false, ChannelResult.Done, TradeStatus.Paid)]
    [InlineData("A6", false, ChannelResult.Done, TradeStatus.Paid)]
    [InlineData("05", false, ChannelResult.Done, TradeStatus.Waiting)]
    [InlineData("05", true, ChannelResult.Done, TradeStatus.Waiting)]
    [InlineData("64", false, ChannelResult.Done, TradeStatus.Waiting)]
    [InlineData("64", true, ChannelResult.Done, TradeStatus.Closed)]
    [InlineData("42", false, ChannelResult.Done, TradeStatus.Closed)]
    [InlineData("03", false, ChannelResult.Unknown, null)]
    [InlineData("04", true, ChannelResult.Unknown, null)]
    [InlineData("77", false, ChannelResult.Unknown, null)]
    public async Task A_query_tells_the_trade(string code, bool isOver, ChannelResult result, TradeStatus? status)
    {
        using var bank = new FakeUnionPay().Answers("00", Queried(code));
        using var channel = bank.Channel(At(isOver));

        var answer = await channel.QueryAsync(FakeUnionPay.Request(), Token);

        Assert.Equal((result, status, code), (answer.Result, answer.Trade?.Status, answer.Code));
        Assert.Equal("https://gateway.test.95516.com/gateway/api/queryTrans.do", bank.Addresses[0].AbsoluteUri);
        Assert.Equal(
            ("00", "00", "000000", "20260101120000"),
            (bank.Sent[0]["txnType"], bank.Sent[0]["txnSubType"], bank.Sent[0]["bizType"], bank.Sent[0]["txnTime"]));
    }

    [Fact]
    public async Task A_paid_trade_is_told_whole()
    {
        using var bank = new FakeUnionPay().Answers("00", Queried("00"));
        using var channel = bank.Channel();

        var answer = await channel.QueryAsync(FakeUnionPay.Request(), Token);

        Assert.Equal(
            new ProviderTrade(
                UnionPayVectors.Number, "202601011200000000001", TradeStatus.Paid, 8888, "CNY",
                FakeUnionPay.Opened.AddSeconds(20)),
            answer.Trade);
    }

    [Theory]
    [InlineData("orderId", "CS20260101000009")]
    [InlineData("merId", "777290058110099")]
    [InlineData("txnTime", "20260101120001")]
    [InlineData("orderId", null)]
    [InlineData("txnAmt", null)]
    [InlineData("txnAmt", "x")]
    [InlineData("queryId", null)]
    [InlineData("origRespCode", null)]
    [InlineData("respCode", null)]
    public async Task A_query_answer_that_says_too_little_or_of_another_trade_is_unknown(string field, string? value)
    {
        using var bank = new FakeUnionPay().Answers("00", [.. Queried("00"), (field, value)]);
        using var channel = bank.Channel();

        var answer = await channel.QueryAsync(FakeUnionPay.Request(), Token);

        Assert.Equal(ChannelResult.Unknown, answer.Result);
        Assert.Null(answer.Trade);
    }

    [Theory]
    [InlineData("00", "00", false, ChannelResult.WrongState, "00")]
    [InlineData("00", "00", true, ChannelResult.WrongState, "00")]
    [InlineData("00", "05", true, ChannelResult.Done, "05")]
    [InlineData("00", "05", false, ChannelResult.Unknown, UnionPayChannel.StillOpen)]
    [InlineData("00", "64", true, ChannelResult.Done, "64")]
    [InlineData("00", "64", false, ChannelResult.Unknown, UnionPayChannel.StillOpen)]
    [InlineData("00", "04", true, ChannelResult.Unknown, "04")]
    [InlineData("00", "42", false, ChannelResult.Done, "42")]
    [InlineData("34", null, true, ChannelResult.Done, "34")]
    [InlineData("34", null, false, ChannelResult.Unknown, UnionPayChannel.StillOpen)]
    [InlineData("06", null, true, ChannelResult.Unknown, "06")]
    [InlineData("31", null, true, ChannelResult.Refused, "31")]
    public async Task A_close_looks_and_is_done_only_after_the_payments_time(
        string code, string? original, bool isOver, ChannelResult expected, string expectedCode)
    {
        using var bank = new FakeUnionPay().Answers(code, original is null ? [] : Queried(original));
        using var channel = bank.Channel(At(isOver));

        var answer = await channel.CloseAsync(FakeUnionPay.Request(), Token);

        Assert.Equal((expected, expectedCode), (answer.Result, answer.Code));
        Assert.Equal(expected == ChannelResult.WrongState, answer.Trade?.Status == TradeStatus.Paid);
        Assert.Equal("00", bank.Sent[0]["txnType"]);
    }

    [Fact]
    public async Task A_close_that_was_asked_in_time_is_not_done_by_the_time_of_its_answer()
    {
        var clock = new ManualClock();
        using var bank = new FakeUnionPay().AnswersText((sent, _) =>
        {
            clock.Advance(TimeSpan.FromMinutes(15));
            return Task.FromResult(FakeUnionPay.Signed(sent, "34"));
        });
        using var channel = bank.Channel(clock);

        var answer = await channel.CloseAsync(FakeUnionPay.Request(), Token);

        Assert.Equal((ChannelResult.Unknown, UnionPayChannel.StillOpen), (answer.Result, answer.Code));
    }

    [Theory]
    [InlineData(0, "CNY", "main", UnionPayVectors.Number, "AMOUNT_INVALID")]
    [InlineData(-1, "CNY", "main", UnionPayVectors.Number, "AMOUNT_INVALID")]
    [InlineData(1_000_000_000_000, "CNY", "main", UnionPayVectors.Number, "AMOUNT_INVALID")]
    [InlineData(100, "USD", "main", UnionPayVectors.Number, "CURRENCY_INVALID")]
    [InlineData(100, "CNY", "gone", UnionPayVectors.Number, "PROFILE_UNKNOWN")]
    [InlineData(100, "CNY", "main", "CS-2026", "NUMBER_INVALID")]
    [InlineData(100, "CNY", "main", "CS20260", "NUMBER_INVALID")]
    public async Task What_cannot_be_asked_is_refused_without_a_call(
        long amount, string currency, string profile, string number, string code)
    {
        using var bank = new FakeUnionPay();
        using var channel = bank.Channel();
        var request = FakeUnionPay.Request() with
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
            await channel.RefundAsync(FakeUnionPay.Refund(1) with { Payment = request }, Token),
        ];

        Assert.All(answers, one => Assert.Equal((ChannelResult.Refused, code), (one.Result, one.Code)));
        Assert.Empty(bank.Sent);
    }

    [Theory]
    [InlineData(HttpStatusCode.InternalServerError)]
    [InlineData(HttpStatusCode.Found)]
    [InlineData(HttpStatusCode.NoContent)]
    public async Task An_http_status_other_than_200_is_unknown(HttpStatusCode status)
    {
        using var bank = new FakeUnionPay().AnswersRaw("respCode=00", status);
        using var channel = bank.Channel();

        var answer = await channel.CreateAsync(FakeUnionPay.Request(), Token);

        Assert.Equal((ChannelResult.Unknown, $"HTTP_{(int)status}"), (answer.Result, answer.Code));
    }

    [Fact]
    public async Task A_broken_connection_is_unknown()
    {
        using var bank = new FakeUnionPay()
            .Fails(new HttpRequestException("refused", new SocketException(111)))
            .Fails(new HttpRequestException("reset"))
            .Fails(new IOException("cut"));
        using var channel = bank.Channel();

        var codes = new List<string?>();
        for (var i = 0; i < 3; i++)
        {
            var answer = await channel.CloseAsync(FakeUnionPay.Request(), Token);
            Assert.Equal(ChannelResult.Unknown, answer.Result);
            codes.Add(answer.Code);
        }

        Assert.Equal(["CONNECTION_FAILED", "HTTP_FAILED", "HTTP_FAILED"], codes);
    }

    [Fact]
    public async Task A_call_without_an_answer_ends_after_its_limit_and_is_unknown()
    {
        using var bank = new FakeUnionPay().AnswersText(async (_, limit) =>
        {
            await Task.Delay(Timeout.Infinite, limit);
            return "";
        });
        using var channel = new UnionPayChannel(
            new UnionPayOptions { Profiles = [FakeUnionPay.Profile()], CallTimeout = TimeSpan.FromMilliseconds(20) },
            TimeProvider.System, bank);

        var answer = await channel.QueryAsync(FakeUnionPay.Request(), Token);

        Assert.Equal((ChannelResult.Unknown, "TIMEOUT"), (answer.Result, answer.Code));
    }

    [Fact]
    public async Task A_call_that_the_caller_gives_up_throws()
    {
        using var bank = new FakeUnionPay().Fails(new OperationCanceledException());
        using var channel = bank.Channel();
        using var gone = new CancellationTokenSource();
        await gone.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => channel.QueryAsync(FakeUnionPay.Request(), gone.Token));
    }

    [Theory]
    [InlineData("Invalid request.", "ANSWER_UNREADABLE")]
    [InlineData("", "SIGNATURE_MISSING")]
    [InlineData("respCode=00&signature=", "SIGNATURE_MISSING")]
    [InlineData("respCode=00&signature=AAAA", "CERTIFICATE_WRONG")]
    public async Task An_answer_that_proves_nothing_is_unknown(string body, string code)
    {
        using var bank = new FakeUnionPay().AnswersRaw(body);
        using var channel = bank.Channel();

        var answer = await channel.CreateAsync(FakeUnionPay.Request(), Token);

        Assert.Equal((ChannelResult.Unknown, code), (answer.Result, answer.Code));
    }

    [Theory]
    [InlineData("txnAmt=8888", "txnAmt=8889")]
    [InlineData("origRespCode=05", "origRespCode=00")]
    [InlineData("signMethod=01", "signMethod=11")]
    public async Task A_changed_answer_is_unknown(string what, string with)
    {
        using var bank = new FakeUnionPay().AnswersText((sent, _) => Task.FromResult(
            FakeUnionPay.Signed(sent, "00", Queried("05")).Replace(what, with, StringComparison.Ordinal)));
        using var channel = bank.Channel();

        var answer = await channel.QueryAsync(FakeUnionPay.Request(), Token);

        Assert.Equal((ChannelResult.Unknown, "SIGNATURE_WRONG"), (answer.Result, answer.Code));
    }

    [Fact]
    public async Task An_endless_answer_is_cut_off_and_unknown()
    {
        using var bank = new FakeUnionPay().AnswersRaw(new string(' ', 70_000));
        using var channel = bank.Channel();

        var answer = await channel.QueryAsync(FakeUnionPay.Request(), Token);

        Assert.Equal((ChannelResult.Unknown, "ANSWER_TOO_LARGE"), (answer.Result, answer.Code));
    }

    internal static (string Name, string? Value)[] Queried(string original, string amount = "8888") =>
    [
        ("origRespCode", original), ("origRespMsg", "x"), ("txnAmt", amount), ("currencyCode", "156"),
        ("queryId", "202601011200000000001"), ("traceTime", "0101120020"),
    ];

    private static ManualClock At(bool isOver)
    {
        var clock = new ManualClock();
        clock.Advance(TimeSpan.FromMinutes(isOver ? 15 : 14));
        return clock;
    }
}
