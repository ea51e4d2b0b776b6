using System.Diagnostics;
using System.Net.Sockets;
using System.Text;
using CardShop.Local.Parts;
using CardShop.Local.Processes;
using CardShop.Local.Supervision;
using Xunit;

namespace CardShop.Tests.Integration.Servers;

public sealed class When_a_supervisor_keeps_parts : IAsyncDisposable
{
    private readonly Said _said = new();
    private readonly SupervisorFiles _files;
    private readonly CancellationTokenSource _stop = new();
    private Supervisor? _supervisor;
    private ControlServer? _control;
    private Task<int> _run = Task.FromResult(0);

    public When_a_supervisor_keeps_parts(TestServers servers)
    {
        _files = new SupervisorFiles(servers.NewFolder("supervisor"));
        _files.Create();
    }

    private ControlClient Client => new(_files.Socket);

    [Fact]
    public async Task A_part_that_ends_is_started_again_and_its_restarts_are_counted()
    {
        await UpAsync(Part("falls", "sleep 0.2; exit 3"));

        await Eventually.TrueAsync(() => Status("falls").Restarts >= 3, "three restarts");

        Assert.Contains(_said.Lines, line => line.StartsWith("falls: ended with code 3; starting it again in 0.1", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_killed_part_comes_back_as_another_process_and_nothing_of_the_old_one_stays()
    {
        // A child that ignores everything but SIGKILL, and a grandchild in a session of its own.
        await UpAsync(Part("tree", "trap '' TERM; setsid sleep 1000 & sleep 1000 & wait; sleep 1000"));
        await Eventually.TrueAsync(() => ProcessTable.Descendants(Status("tree").Pid).Count == 2, "two children");
        var old = Status("tree").Pid;
        var tree = ProcessTable.Descendants(old);

        var answer = await AskAsync("kill", "tree");

        Assert.True(answer.Ok, answer.Message);
        Assert.DoesNotContain(tree, ProcessTable.IsAlive);
        await Eventually.TrueAsync(() => Status("tree") is { State: PartState.Running, Pid: > 0 } now && now.Pid != old, "another process");
    }

    [Fact]
    public async Task A_stopped_part_stays_stopped_until_it_is_started()
    {
        await UpAsync(Part("one", ShellPart.Forever), Part("other", ShellPart.Forever));
        var pid = ProcessTable.Find(Status("one").Pid)!.Value;

        Assert.True((await AskAsync("stop", "one")).Ok);
        Assert.False(ProcessTable.IsAlive(pid));
        Assert.Equal(PartState.Stopped, Status("one").State);
        Assert.False((await AskAsync("kill", "nobody")).Ok);
        Assert.Equal(PartState.Running, Status("other").State);
        Assert.Equal("one has no process to kill", (await AskAsync("kill", "one")).Message);
        Assert.Equal(PartState.Stopped, Status("one").State);

        Assert.True((await AskAsync("start", "one")).Ok);
        Assert.Equal(PartState.Running, Status("one").State);
        Assert.Equal(0, Status("one").Restarts);
    }

    [Fact]
    public async Task A_fenced_part_does_not_stop_the_shop_from_getting_ready_and_is_pointed_out()
    {
        var part = Part("fleet", ShellPart.Forever);
        part.Answer = () => new Probe(Health.Fenced, "fenced: Kafka is ahead of PostgreSQL");

        await UpAsync(part);

        Assert.Equal(PartState.Fenced, Status("fleet").State);
        Assert.Contains(_said.Lines, line => line == "warning: fleet does no work: fenced: Kafka is ahead of PostgreSQL");

        // The state's file is written first, for those who only look at it.
        await Eventually.TrueAsync(() => _said.Lines.Contains("CardShop is ready"), "it is said that the shop is ready");
    }

    [Fact]
    public async Task A_part_that_cannot_start_fails_the_whole_start_with_its_last_words_and_leaves_nothing_running()
    {
        var good = Part("good", ShellPart.Forever);
        var bad = new ShellPart("echo no such database; exit 7") { Name = "bad", Port = 0, Answer = () => new Probe(Health.Down) };
        _supervisor = Create(new Stage([good], []), new Stage([bad], []), new Stage([Part("never", ShellPart.Forever)], []));

        var code = await _supervisor.RunAsync("CardShop is ready", _stop.Token);

        Assert.Equal(1, code);
        Assert.Equal("failed", _files.State());
        Assert.Contains(_said.Lines, line => line == "error: bad ended with code 7 before it was ready");
        Assert.Contains(_said.Lines, line => line.Contains("no such database", StringComparison.Ordinal));
        Assert.DoesNotContain("CardShop is ready", _said.Lines);
        Assert.All(_supervisor.Status(), part => Assert.Equal(0, part.Pid));
    }

    [Fact]
    public async Task The_stop_ends_also_what_does_not_want_to_end()
    {
        await UpAsync(Part("stubborn", "trap '' TERM INT; sleep 1000 & while :; do sleep 0.1; done"));
        await Eventually.TrueAsync(() => ProcessTable.Descendants(Status("stubborn").Pid).Count >= 1, "a child");
        var all = ProcessTable.Descendants(Status("stubborn").Pid).Append(ProcessTable.Find(Status("stubborn").Pid)!.Value).ToList();

        var answer = await Client.AskAsync(new ControlRequest("down"), TestContext.Current.CancellationToken);

        Assert.True(answer!.Ok);
        Assert.Equal(0, await _run);
        Assert.DoesNotContain(all, ProcessTable.IsAlive);
        Assert.Equal("stopped", _files.State());
    }

    [Fact]
    public async Task What_an_earlier_supervisor_left_is_ended_and_a_number_that_means_another_process_now_is_left_alone()
    {
        using var left = Process.Start("sleep", "1000");
        using var stranger = Process.Start("sleep", "1000");
        try
        {
            var (mine, other) = (ProcessTable.Find(left.Id)!.Value, ProcessTable.Find(stranger.Id)!.Value);
            await WritePidAsync("left", mine);
            await WritePidAsync("reused", other with { StartTicks = other.StartTicks - 1 });

            await UpAsync(Part("one", ShellPart.Forever));

            Assert.False(ProcessTable.IsAlive(mine));
            Assert.True(ProcessTable.IsAlive(other));
            Assert.Contains(_said.Lines, line => line == $"left is left from an earlier start, process {mine.Pid}; ending it");
        }
        finally
        {
            left.Kill();
            stranger.Kill();
        }

        Task WritePidAsync(string part, ProcessIdentity process) =>
            File.WriteAllTextAsync(_files.Pid(part), $"{process.Pid} {process.StartTicks}\n", TestContext.Current.CancellationToken);
    }

    [Theory]
    [InlineData("\n")]
    [InlineData("{\"action\":\"fly\"}\n")]
    [InlineData("{\"action\":null}\n")]
    [InlineData("not json\n")]
    [InlineData("[1,2\n")]
    public async Task A_bad_question_gets_an_answer_and_harms_nobody(string question)
    {
        await UpAsync(Part("one", ShellPart.Forever));
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(_files.Socket), TestContext.Current.CancellationToken);
        await socket.SendAsync(Encoding.UTF8.GetBytes(question), TestContext.Current.CancellationToken);
        using var reader = new StreamReader(new NetworkStream(socket));

        Assert.Contains("\"ok\":false", await reader.ReadToEndAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.True((await AskAsync("status", null)).Ok);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _run;
        if (_control is not null)
        {
            await _control.DisposeAsync();
        }

        if (_supervisor is not null)
        {
            await _supervisor.DisposeAsync();
        }

        _stop.Dispose();
    }

    private static ShellPart Part(string name, string script) => new(script) { Name = name, Port = 0 };

    private Supervisor Create(params Stage[] stages) => new(stages, _files, _said, new Random(1), TimeProvider.System);

    private async Task UpAsync(params PartDefinition[] parts)
    {
        _supervisor = Create(new Stage(parts, []));
        _control = new ControlServer(_supervisor, _files.Socket, TimeProvider.System);
        _run = _supervisor.RunAsync("CardShop is ready", _stop.Token);
        await Eventually.TrueAsync(() => _supervisor.IsReady, "the shop is ready");
    }

    private PartStatus Status(string name) => _supervisor!.Status().Single(part => part.Name == name);

    private async Task<ControlResponse> AskAsync(string action, string? part) =>
        (await Client.AskAsync(new ControlRequest(action, part), TestContext.Current.CancellationToken))!;
}
