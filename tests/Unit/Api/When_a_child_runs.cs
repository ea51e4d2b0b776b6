using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using CardShop.Api.Admin;
using CardShop.Api.Admin.Commands;
using CardShop.Tests.Unit.Pipeline;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace CardShop.Tests.Unit.Api;

/// <summary>The child process of a command, with a shell in shopctl's place.</summary>
public sealed class When_a_child_runs : IDisposable
{
    /// <summary>Says its process id, and ends well when its standard input ends.</summary>
    private const string Obedient = "echo $$; cat >/dev/null; echo asked to stop >&2; exit 1";

    /// <summary>Says its process id, and minds nothing.</summary>
    private const string Stubborn = "trap '' TERM INT HUP; echo $$; exec 0</dev/null; while :; do sleep 100; done";

    private readonly ManualTime _time = new();
    private readonly Lifetime _lifetime = new();
    private readonly CommandRunner _runner;

    public When_a_child_runs() => _runner = new(
        new ShopctlProgram(new ConfigurationBuilder().AddInMemoryCollection(
            new Dictionary<string, string?> { ["Console:Shopctl"] = "/bin/sh" }).Build()),
        _lifetime, _time, NullLogger<CommandRunner>.Instance);

    [Fact]
    public async Task Its_words_come_back_and_its_exit_last()
    {
        var call = Begin("echo out; echo err >&2; printf %s \"$CARDSHOP_OPERATOR_KEY\" | wc -c; echo approval-id: a1 >&2; exit 5");
        await call.Done;

        Assert.Equal((200, "application/x-ndjson"), (call.Context.Response.StatusCode, call.Context.Response.ContentType));
        var said = call.Said();
        Assert.Equal(["out", "7"], said.Where(s => s.Line is not null).Select(s => s.Line!.Trim()));
        Assert.Equal(["err"], said.Where(s => s.Note is not null).Select(s => s.Note!));
        Assert.Equal(new CommandOutput(Exit: 5, ApprovalId: "a1"), said[^1]);
    }

    [Fact]
    public async Task What_it_reads_is_what_was_sent()
    {
        var sent = new byte[300_000];
        Array.Fill(sent, (byte)'x');
        var call = Begin("wc -c", input: new MemoryStream(sent));
        await call.Done;

        Assert.Equal("300000", call.Said()[0].Line!.Trim());
        Assert.Equal(0, call.Said()[^1].Exit);
    }

    [Fact]
    public async Task It_may_end_before_it_has_read_all()
    {
        var input = new MemoryStream(new byte[3_000_000]);
        var call = Begin("echo no >&2; exit 2", input: input);
        await call.Done;

        Assert.Equal([new CommandOutput(Note: "no"), new CommandOutput(Exit: 2)], call.Said());
        Assert.Equal(input.Length, input.Position);
    }

    [Fact]
    public async Task What_breaks_off_on_its_way_ends_early_for_the_child_too()
    {
        var call = Begin("wc -c; exit 1", input: new BrokenStream(new byte[70_000]));
        await call.Done;

        Assert.Equal("70000", call.Said()[0].Line!.Trim());
        Assert.Equal(1, call.Said()[^1].Exit);
    }

    [Fact]
    public async Task It_is_asked_to_stop_when_nobody_listens_any_more()
    {
        var call = Begin(Obedient);
        await call.PidAsync();
        await call.Leave.CancelAsync();
        await call.Done;

        Assert.False(IsAlive(await call.PidAsync()));
    }

    [Fact]
    public async Task Where_it_is_to_come_to_its_end_nobody_has_to_listen()
    {
        var file = Path.GetTempFileName();
        var call = Begin($"echo $$; while [ ! -s {file} ]; do sleep 0.05; done; echo done >>{file}", stopsWhenLeft: false);
        await call.PidAsync();
        await call.Leave.CancelAsync();
        await File.WriteAllTextAsync(file, "go\n", TestContext.Current.CancellationToken);
        await call.Done;

        Assert.Equal("go\ndone\n", await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken));
        File.Delete(file);
    }

    [Fact]
    public async Task Its_time_has_an_end()
    {
        var call = Begin(Obedient);
        await call.PidAsync();
        _time.Advance(TimeSpan.FromMinutes(5));
        await call.Done;

        Assert.Equal(
            ["asked to stop", "It was stopped: it may take 5 minutes."], call.Said().Where(s => s.Note is not null).Select(s => s.Note!));
        Assert.Equal(1, call.Said()[^1].Exit);
    }

    [Fact]
    public async Task One_that_does_not_stop_is_ended_and_none_outlives_the_process()
    {
        var call = Begin(Stubborn, stopsWhenLeft: false);
        var pid = await call.PidAsync();
        await _lifetime.Stopping.CancelAsync();
        while (!_time.Waits.Contains(TimeSpan.FromSeconds(10)))
        {
            await Task.Yield();
        }

        Assert.True(IsAlive(pid));
        _time.Advance(TimeSpan.FromSeconds(10));
        await call.Done;

        Assert.False(IsAlive(pid));
        Assert.Equal("It was stopped: the API process stops.", call.Said()[^2].Note);
        Assert.Equal(1, call.Said()[^1].Exit);
    }

    [Fact]
    public async Task A_fifth_at_once_is_refused_until_one_has_ended()
    {
        var running = Enumerable.Range(0, 4).Select(_ => Begin(Obedient)).ToList();
        await Task.WhenAll(running.Select(r => r.PidAsync()));

        var fifth = Begin("echo never");
        await fifth.Done;
        Assert.Equal(429, fifth.Context.Response.StatusCode);
        Assert.Equal("10", fifth.Context.Response.Headers.RetryAfter.ToString());

        await running[0].Leave.CancelAsync();
        await running[0].Done;
        var sixth = Begin("echo now");
        await sixth.Done;
        Assert.Equal("now", sixth.Said()[0].Line);
        await Task.WhenAll(running.Skip(1).Select(r => r.Leave.CancelAsync()));
        await Task.WhenAll(running.Select(r => r.Done));
    }

    [Fact]
    public async Task Without_the_program_it_is_said_what_to_type()
    {
        using var runner = new CommandRunner(
            new(new ConfigurationBuilder().Build()), _lifetime, _time, NullLogger<CommandRunner>.Instance);
        var call = new Call();
        await runner.RunAsync(call.Context, new(Command(true), ["channels", "off", "alipay", "--why=a b"], new("the-key", null), null));

        Assert.Equal(503, call.Context.Response.StatusCode);
        Assert.Contains("shopctl channels off alipay \\u0027--why=a b\\u0027", call.Text, StringComparison.Ordinal);
    }

    public void Dispose() => _runner.Dispose();

    private Call Begin(string script, Stream? input = null, bool stopsWhenLeft = true)
    {
        var call = new Call();
        call.Done = _runner.RunAsync(
            call.Context, new(Command(stopsWhenLeft), ["-c", script], new("the-key", null), input));
        return call;
    }

    private static ConsoleCommand Command(bool stopsWhenLeft) =>
        new("test", AdminRules.View, [], TimeSpan.FromMinutes(5)) { StopsWhenLeft = stopsWhenLeft };

    private static bool IsAlive(int pid)
    {
        try
        {
            using var process = Process.GetProcessById(pid);
            return !process.HasExited;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }

    /// <summary>One call over HTTP, without HTTP.</summary>
    private sealed class Call
    {
        private readonly LockedStream _body = new();

        public Call() => Context = new DefaultHttpContext { Response = { Body = _body }, RequestAborted = Leave.Token };

        public DefaultHttpContext Context { get; }

        public CancellationTokenSource Leave { get; } = new();

        public Task Done { get; set; } = Task.CompletedTask;

        public string Text => _body.Text;

        public List<CommandOutput> Said() =>
        [
            .. Text.Split('\n', StringSplitOptions.RemoveEmptyEntries)
                .Select(l => JsonSerializer.Deserialize(l, AdminJson.Default.CommandOutput)!),
        ];

        /// <summary>The first line, once it is said.</summary>
        public async Task<int> PidAsync()
        {
            while (!Text.Contains('\n', StringComparison.Ordinal))
            {
                TestContext.Current.CancellationToken.ThrowIfCancellationRequested();
                await Task.Yield();
            }

            return int.Parse(Said()[0].Line!, CultureInfo.InvariantCulture);
        }
    }

    /// <summary>A body whose sender goes away.</summary>
    private sealed class BrokenStream(byte[] sent) : MemoryStream(sent)
    {
        public override async Task CopyToAsync(Stream destination, int bufferSize, CancellationToken cancellationToken)
        {
            await base.CopyToAsync(destination, bufferSize, cancellationToken);
            throw new IOException("The client reset the request stream.");
        }
    }

    /// <summary>A body that is read while it is written.</summary>
    private sealed class LockedStream : MemoryStream
    {
        private readonly Lock _lock = new();
        private readonly StringBuilder _text = new();

        public string Text
        {
            get
            {
                lock (_lock)
                {
                    return _text.ToString();
                }
            }
        }

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            lock (_lock)
            {
                _text.Append(Encoding.UTF8.GetString(buffer.Span));
            }

            return ValueTask.CompletedTask;
        }
    }

    private sealed class Lifetime : IHostApplicationLifetime
    {
        public CancellationTokenSource Stopping { get; } = new();

        public CancellationToken ApplicationStarted => default;

        public CancellationToken ApplicationStopping => Stopping.Token;

        public CancellationToken ApplicationStopped => default;

        public void StopApplication() => Stopping.Cancel();
    }
}
