using System.ComponentModel;
using CardShop.Local.Parts;
using CardShop.Local.Processes;
using CardShop.Local.Supervision;

namespace CardShop.Tests.Chaos.Machine;

/// <summary>
/// One part that is started again whenever it ends, as a supervisor does, unless it is held down; it can be killed,
/// frozen and thawed.
/// </summary>
public sealed class KeptPart : IAsyncDisposable
{
    private readonly RotatingLog _log;
    private readonly TimeProvider _time;
    private readonly RestartBackoff _backoff;
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _lock = new();
    private TaskCompletionSource _allowed = Open();
    private TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TaskCompletionSource _down = Open();
    private PartRun? _run;
    private Task _loop = Task.CompletedTask;

    /// <param name="part">What to keep running.</param>
    /// <param name="logFolder">Gets NAME.log.</param>
    /// <param name="random">Jitter of restarts.</param>
    /// <param name="time">The clock.</param>
    public KeptPart(PartDefinition part, string logFolder, Random random, TimeProvider time)
    {
        Part = part;
        _time = time;
        _log = new RotatingLog(Path.Combine(logFolder, part.Name + ".log"), 256 << 20);
        _backoff = new RestartBackoff(random);
    }

    public PartDefinition Part { get; }

    public string Name => Part.Name;

    public RotatingLog Log => _log;

    /// <summary>How often its process ended and was started again.</summary>
    public int Restarts { get; private set; }

    /// <summary>Its main process; 0 while there is none.</summary>
    public int ProcessId
    {
        get
        {
            lock (_lock)
            {
                return _run is { Process.Exited.IsCompleted: false } run ? run.Process.Identity.Pid : 0;
            }
        }
    }

    /// <summary>Starts it and waits until it answers.</summary>
    /// <exception cref="PartFailedException">The first start failed; the message ends with its last words.</exception>
    public async Task StartAsync(CancellationToken cancellation)
    {
        if (_loop.IsCompleted)
        {
            _loop = Task.Run(KeepAsync, CancellationToken.None);
        }

        await UntilReadyAsync(TimeSpan.FromSeconds(120), cancellation);
    }

    /// <summary>Waits until it answers, after a start, a kill or a release.</summary>
    /// <exception cref="PartFailedException">It does not within the limit.</exception>
    public async Task UntilReadyAsync(TimeSpan limit, CancellationToken cancellation)
    {
        try
        {
            await _ready.Task.WaitAsync(limit, _time, cancellation);
        }
        catch (TimeoutException)
        {
            throw new PartFailedException(
                Name, $"{Name} is not up after {limit.TotalSeconds:0} s{Environment.NewLine}{string.Join(Environment.NewLine, _log.Tail(15))}", _log.Path);
        }
    }

    /// <summary>SIGKILL to all of it; it is started again at once, or when it is released.</summary>
    public async Task KillAsync()
    {
        var run = Current();
        if (run is null || run.Process.Exited.IsCompleted)
        {
            return;
        }

        NotReady();
        await run.Process.KillTreeAsync();
    }

    /// <summary>SIGKILL, and it stays down until <see cref="Release"/>. Returns when nothing of it is left.</summary>
    public async Task HoldAsync()
    {
        lock (_lock)
        {
            if (_allowed.Task.IsCompleted)
            {
                _allowed = new(TaskCreationOptions.RunContinuationsAsynchronously);
            }
        }

        await KillAsync();
        await _down.Task;
    }

    /// <summary>It may start again.</summary>
    public void Release()
    {
        lock (_lock)
        {
            _allowed.TrySetResult();
        }
    }

    /// <summary>SIGSTOP to all of it.</summary>
    public void Freeze() => Current()?.Process.SendToTree(Signal.Stop);

    /// <summary>SIGCONT to all of it.</summary>
    public void Thaw() => Current()?.Process.SendToTree(Signal.Continue);

    /// <summary>Stops it: in an orderly way, or with SIGKILL where nobody will read its data again.</summary>
    public async Task StopAsync(bool orderly)
    {
        var run = Current();
        await _stop.CancelAsync();
        if (run is not null)
        {
            run.Process.SendToTree(Signal.Continue);
            if (orderly)
            {
                await run.StopAsync();
            }
            else
            {
                await run.Process.KillTreeAsync();
            }
        }

        await _loop;
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync(orderly: false);
        _log.Dispose();
        _stop.Dispose();
    }

    private static TaskCompletionSource Open()
    {
        var open = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        open.SetResult();
        return open;
    }

    private PartRun? Current()
    {
        lock (_lock)
        {
            return _run;
        }
    }

    private void NotReady()
    {
        lock (_lock)
        {
            if (_ready.Task.IsCompleted)
            {
                _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
            }
        }
    }

    private async Task KeepAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            var from = _time.GetTimestamp();
            try
            {
                await _allowed.Task.WaitAsync(_stop.Token);
                await RunOnceAsync();
                Restarts++;
                await Task.Delay(_backoff.Next(_time.GetElapsedTime(from)), _time, _stop.Token);
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e) when (e is PartFailedException or IOException or Win32Exception or TimeoutException
                or UnauthorizedAccessException or InvalidOperationException)
            {
                _log.Remark(_time.GetUtcNow(), e.Message);
                await Task.WhenAny(Task.Delay(TimeSpan.FromMilliseconds(300), _time));
            }
        }
    }

    private async Task RunOnceAsync()
    {
        using var run = await PartRun.StartAsync(Part, _log, _time, _stop.Token);
        lock (_lock)
        {
            _run = run;
            _down = new(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        try
        {
            if (!_allowed.Task.IsCompleted)
            {
                // Held down while it was being started.
                return;
            }

            await run.WaitReadyAsync(null, _stop.Token);
            _ready.TrySetResult();
            await run.Process.Exited.WaitAsync(_stop.Token);
        }
        finally
        {
            NotReady();
            await run.CleanUpAsync();
            lock (_lock)
            {
                _run = null;
                _down.TrySetResult();
            }
        }
    }
}
