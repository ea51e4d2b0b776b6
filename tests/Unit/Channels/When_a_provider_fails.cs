using CardShop.Shop.Channels;
using CardShop.Shop.Channels.Resilience;
using CardShop.Shop.Orders;
using CardShop.Tests.Unit.Pipeline;
using Xunit;

namespace CardShop.Tests.Unit.Channels;

public sealed class When_a_provider_fails
{
    private static readonly ResilienceOptions Options = ResilienceOptions.Default;

    private readonly ManualTime _time = new();
    private readonly ScriptedChannel _provider = new();
    private readonly ResilientChannel _channel;

    public When_a_provider_fails() =>
        _channel = new(new(_provider, [ScriptedChannel.Profile, "two"]), Options, _time, new Random(1));

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("CONNECTION_FAILED", "create", 3)]
    [InlineData("CONNECTION_FAILED", "close", 3)]
    [InlineData("HTTP_FAILED", "refund", 3)]
    [InlineData("HTTP_FAILED", "query", 3)]
    [InlineData("HTTP_503", "query", 3)]
    [InlineData("ANSWER_UNREADABLE", "query", 3)]
    [InlineData("SIGNATURE_STALE", "query", 3)]
    [InlineData("CERTIFICATE_WRONG", "query", 3)]
    [InlineData("HTTP_503", "create", 1)]
    [InlineData("ANSWER_UNREADABLE", "refund", 1)]
    [InlineData("TIMEOUT", "query", 1)]
    [InlineData("TIMEOUT", "create", 1)]
    [InlineData("ACQ.SYSTEM_ERROR", "query", 1)]
    [InlineData("ACQ.SYSTEM_ERROR", "refund", 1)]
    public async Task A_call_is_repeated_twice_where_nothing_was_answered_and_a_query_after_any_quick_failure(
        string code, string call, int calls)
    {
        _provider.Answering(code);

        Assert.Equal(code, (await RunAsync(Start(call))).Code);
        Assert.Equal(calls, _provider.Calls.Count);
        Assert.Single(_provider.Calls.Distinct());
        Assert.All(_time.Waits.Where(w => w < TimeSpan.FromSeconds(1)), w => Assert.InRange(w.TotalMilliseconds, 0, 500));
    }

    [Fact]
    public async Task A_repeat_that_is_answered_is_the_answer()
    {
        _provider.Act = (_, _) => Task.FromResult(
            _provider.Calls.Count < 3 ? new ChannelAnswer(ChannelResult.Unknown, Code: "HTTP_FAILED") : ScriptedChannel.Done);
        Assert.Equal(ChannelResult.Done, (await RunAsync(Start("refund"))).Result);
    }

    [Fact]
    public async Task A_call_without_an_answer_ends_as_unknown()
    {
        _provider.Hanging();
        var call = Start("create");
        _time.Advance(Options.CallTimeout - TimeSpan.FromMilliseconds(1));
        Assert.False(call.IsCompleted);
        _time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal(new ChannelAnswer(ChannelResult.Unknown, Code: "TIMEOUT"), await call.WaitAsync(Stop));
    }

    [Fact]
    public async Task A_fleet_that_was_stopped_itself_reads_what_was_answered_and_blames_nobody()
    {
        var answers = Enumerable.Range(0, Options.MinimumCalls * 2)
            .Select(_ => new TaskCompletionSource<ChannelAnswer>(TaskCreationOptions.RunContinuationsAsynchronously)).ToList();
        _provider.Act = (_, stop) => answers[_provider.Calls.Count - 1].Task.WaitAsync(stop);
        var calls = answers.ConvertAll(_ => Start("create"));

        // The timers of a process that goes on are the first to run, and they are late.
        _time.Advance(TimeSpan.FromSeconds(8));
        answers.ForEach(a => a.SetResult(ScriptedChannel.Done));

        Assert.All(await Task.WhenAll(calls).WaitAsync(Stop), a => Assert.Equal(ChannelResult.Done, a.Result));
        Assert.Empty(_channel.Down);
    }

    [Fact]
    public async Task A_provider_that_hangs_meanwhile_has_its_time_once_more_and_no_longer()
    {
        _provider.Hanging();
        var call = Start("create");
        _time.Advance(TimeSpan.FromSeconds(8));
        _time.Advance(Options.CallTimeout - TimeSpan.FromMilliseconds(1));
        Assert.False(call.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(8));
        Assert.Equal("TIMEOUT", (await call.WaitAsync(Stop)).Code);
    }

    [Fact]
    public async Task A_caller_who_leaves_is_not_answered()
    {
        _provider.Hanging();
        using var leaving = new CancellationTokenSource();
        var call = _channel.CreateAsync(ScriptedChannel.Payment, leaving.Token);
        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call.WaitAsync(Stop));
    }

    [Fact]
    public async Task The_breaker_opens_for_that_profile_alone_and_then_nobody_is_called()
    {
        await OpenAsync();
        Assert.Equal([ScriptedChannel.Profile], _channel.Down);
        var before = _provider.Calls.Count;
        foreach (var call in new[] { "create", "query", "close", "refund" })
        {
            var answer = Start(call);
            Assert.True(answer.IsCompleted);
            Assert.Equal(new ChannelAnswer(ChannelResult.Unknown, Code: "CIRCUIT_OPEN"), await answer);
        }

        Assert.Equal(before, _provider.Calls.Count);
        _provider.Answering(null, ChannelResult.Done);
        Assert.Equal(
            ChannelResult.Done, (await _channel.CreateAsync(ScriptedChannel.Payment with { Profile = "two" }, Stop)).Result);
    }

    [Theory]
    [InlineData(ChannelResult.Unknown, "ACQ.SYSTEM_ERROR")]
    [InlineData(ChannelResult.Unknown, "USERPAYING")]
    [InlineData(ChannelResult.Unknown, null)]
    [InlineData(ChannelResult.Refused, "HTTP_401")]
    [InlineData(ChannelResult.NotFound, "ACQ.TRADE_NOT_EXIST")]
    [InlineData(ChannelResult.WrongState, "ACQ.TRADE_HAS_SUCCESS")]
    public async Task What_the_provider_says_of_a_trade_never_opens_it(ChannelResult result, string? code)
    {
        _provider.Answering(code, result);
        for (var i = 0; i < 100; i++)
        {
            await _channel.CreateAsync(ScriptedChannel.Payment, Stop);
        }

        Assert.Equal(100, _provider.Calls.Count);
        Assert.Empty(_channel.Down);
    }

    [Fact]
    public async Task A_few_failures_among_many_good_answers_do_not_open_it()
    {
        for (var i = 0; i < 100; i++)
        {
            _provider.Answering(i % 3 == 2 ? "HTTP_503" : null, i % 3 == 2 ? ChannelResult.Unknown : ChannelResult.Done);
            await _channel.CreateAsync(ScriptedChannel.Payment, Stop);
            _time.Advance(TimeSpan.FromMilliseconds(20));
        }

        Assert.Empty(_channel.Down);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Under_load_it_is_open_within_five_seconds_however_good_the_day_was(bool hanging)
    {
        for (var i = 0; i < 1_000; i++)
        {
            await _channel.CreateAsync(ScriptedChannel.Payment, Stop);
            _time.Advance(TimeSpan.FromMilliseconds(50));
        }

        _ = hanging ? _provider.Hanging() : _provider.Answering("HTTP_502");
        var down = _time.GetUtcNow();
        var calls = new List<Task>();
        for (var i = 0; i < 200 && _channel.Down.Count == 0; i++)
        {
            calls.Add(_channel.CreateAsync(ScriptedChannel.Payment, Stop));
            _time.Advance(TimeSpan.FromMilliseconds(50));
            await Settled(calls.Where((_, n) => _time.GetUtcNow() - down > Options.CallTimeout + (n * TimeSpan.FromMilliseconds(50))));
        }

        Assert.NotEmpty(_channel.Down);
        Assert.InRange(_time.GetUtcNow() - down, TimeSpan.Zero, TimeSpan.FromSeconds(5));
    }

    [Fact]
    public async Task A_probe_asks_for_a_number_that_no_order_has_and_closes_the_breaker_when_it_is_answered()
    {
        await OpenAsync();
        var before = _provider.Calls.Count;
        _time.Advance(Options.ProbeEvery);
        await _channel.ProbeAsync(Stop);
        Assert.Equal(before + 1, _provider.Calls.Count);
        Assert.Null(OrderIds.OfProviderNumber(_provider.Calls[^1].Number));
        Assert.All(_provider.Calls[^1].Number, c => Assert.True(char.IsAsciiLetterOrDigit(c)));
        Assert.NotEmpty(_channel.Down);
        Assert.Equal("CIRCUIT_OPEN", (await Start("create")).Code);

        _provider.Answering("ACQ.TRADE_NOT_EXIST", ChannelResult.NotFound);
        _time.Advance(Options.ProbeEvery);
        await _channel.ProbeAsync(Stop);
        Assert.Empty(_channel.Down);
        Assert.Equal(ChannelResult.NotFound, (await Start("create")).Result);
    }

    [Fact]
    public async Task A_channel_that_throws_stays_down()
    {
        await OpenAsync();
        _provider.Act = (_, _) => throw new InvalidOperationException("a fault in the channel");
        _time.Advance(Options.ProbeEvery);
        await Assert.ThrowsAsync<InvalidOperationException>(() => _channel.ProbeAsync(Stop));
        Assert.NotEmpty(_channel.Down);
    }

    [Fact]
    public async Task Links_that_are_written_here_say_nothing_of_the_provider()
    {
        _provider.IsPage = true;
        for (var i = 0; i < Options.MinimumCalls * 10; i++)
        {
            Assert.Equal(ScriptedChannel.Done with { IsLocal = true }, await _channel.CreateAsync(ScriptedChannel.Payment, Stop));
        }

        _provider.Answering("HTTP_503");
        for (var i = 0; i < Options.MinimumCalls; i++)
        {
            await RunAsync(Start("query"));
        }

        Assert.NotEmpty(_channel.Down);
        _provider.Answering(null, ChannelResult.Done);
        Assert.Equal("CIRCUIT_OPEN", (await Start("create")).Code);
    }

    [Fact]
    public async Task Nothing_is_probed_while_all_is_well()
    {
        await _channel.ProbeAsync(Stop);
        Assert.Empty(_provider.Calls);
    }

    [Fact]
    public async Task Orders_never_test_an_open_breaker_however_long_it_is_open()
    {
        await OpenAsync();
        _provider.Answering(null, ChannelResult.Done);
        var before = _provider.Calls.Count;
        _time.Advance(TimeSpan.FromHours(1));
        Assert.Equal("CIRCUIT_OPEN", (await Start("create")).Code);
        Assert.Equal(before, _provider.Calls.Count);
    }

    [Fact]
    public async Task A_provider_that_hung_is_seen_to_be_back_within_ten_seconds()
    {
        await OpenAsync();
        _provider.Hanging();
        _time.Advance(Options.ProbeEvery);
        var probe = _channel.ProbeAsync(Stop);
        var back = _time.GetUtcNow();
        _provider.Answering(null, ChannelResult.Done);

        // The probe that hangs ends by its own limit, on a thread of its own: the clock stands until it has.
        _time.Advance(Options.ProbeTimeout);
        await probe.WaitAsync(Stop);
        Assert.NotEmpty(_channel.Down);
        _time.Advance(Options.ProbeEvery);
        await _channel.ProbeAsync(Stop);

        Assert.Empty(_channel.Down);
        Assert.InRange(_time.GetUtcNow() - back, TimeSpan.Zero, TimeSpan.FromSeconds(10));
        Assert.InRange(Options.ProbeTimeout + (2 * Options.ProbeEvery), TimeSpan.Zero, TimeSpan.FromSeconds(9));
    }

    [Fact]
    public async Task A_profile_that_is_no_longer_set_is_the_channels_business()
    {
        await OpenAsync();
        _provider.Answering("PROFILE_UNKNOWN", ChannelResult.Refused);
        var gone = ScriptedChannel.Payment with { Profile = "gone" };
        Assert.Equal("PROFILE_UNKNOWN", (await _channel.QueryAsync(gone, Stop)).Code);
        Assert.Equal("PROFILE_UNKNOWN", (await _channel.CreateAsync(gone, Stop)).Code);
    }

    [Theory]
    [InlineData("Retries")]
    [InlineData("MinimumCalls")]
    [InlineData("ProbeEvery")]
    public void Settings_that_cannot_work_are_named(string name)
    {
        var wrong = name switch
        {
            "Retries" => Options with { Retries = 100 },
            "MinimumCalls" => Options with { MinimumCalls = 1 },
            _ => Options with { ProbeEvery = TimeSpan.Zero },
        };
        var failure = Assert.Throws<InvalidOperationException>(wrong.Checked);
        Assert.Contains("Payments__Resilience__" + name, failure.Message, StringComparison.Ordinal);
        Assert.Same(Options, Options.Checked());
    }

    private async Task OpenAsync()
    {
        _provider.Answering("HTTP_503");
        for (var i = 0; i < Options.MinimumCalls; i++)
        {
            await _channel.CreateAsync(ScriptedChannel.Payment, Stop);
        }

        Assert.NotEmpty(_channel.Down);
    }

    private Task<ChannelAnswer> Start(string call) => call switch
    {
        "create" => _channel.CreateAsync(ScriptedChannel.Payment, Stop),
        "query" => _channel.QueryAsync(ScriptedChannel.Payment, Stop),
        "close" => _channel.CloseAsync(ScriptedChannel.Payment, Stop),
        _ => _channel.RefundAsync(ScriptedChannel.Refund, Stop),
    };

    /// <summary>Moves the clock until the call has ended.</summary>
    private async Task<ChannelAnswer> RunAsync(Task<ChannelAnswer> call)
    {
        while (!call.IsCompleted)
        {
            Stop.ThrowIfCancellationRequested();
            _time.Advance(TimeSpan.FromMilliseconds(10));
            await Task.Yield();
        }

        return await call;
    }

    /// <summary>Calls whose time is over end on their own threads: they are waited for, so that the clock outruns nobody.</summary>
    private static Task Settled(IEnumerable<Task> calls) => Task.WhenAll(calls).WaitAsync(Stop);
}
