using System.ComponentModel;
using CardShop.Local.Parts;
using CardShop.Local.Processes;

namespace CardShop.Local.Supervision;

/// <summary>Keeps one part running: starts it, watches it, starts it again when it ends, until told to stop.</summary>
public sealed class PartRunner : IDisposable
{
    private const int FirstStarts = 3;
    private static readonly TimeSpan WatchInterval = TimeSpan.FromSeconds(2);

    private readonly RotatingLog _log;
    private readonly string _pidFile;
    private readonly IProgressSink _progress;
    private readonly TimeProvider _time;
    private readonly RestartBackoff _backoff;
    private readonly SemaphoreSlim _commands = new(1, 1);
    private readonly Lock _lock = new();

    private CancellationTokenSource _session = new();
    private Task _loop = Task.CompletedTask;
    private TaskCompletionSource<Probe> _ready = NewReady();
    private PartRun? _run;
    private PartState _state = PartState.Waiting;
    private string _note = "";
    private long _since;
    private int _restarts;
    private int _failedStarts;

    /// <param name="part">What to keep running.</param>
    /// <param name="files">Where its log and its process number are written.</param>
    /// <param name="progress">Gets a line for everything that happens to it.</param>
    /// <param name="random">Jitter of the restarts.</param>
    /// <param name="time">The clock.</param>
    public PartRunner(PartDefinition part, SupervisorFiles files, IProgressSink progress, Random random, TimeProvider time)
    {
        Part = part;
        _log = new RotatingLog(files.Log(part.Name));
        _pidFile = files.Pid(part.Name);
        _progress = progress;
        _time = time;
        _backoff = new RestartBackoff(random);
    }

    /// <summary>What it keeps running.</summary>
    public PartDefinition Part { get; }

    /// <summary>Completes when the part is ready for the first time since it was told to start; fails when it cannot be started.</summary>
    public Task<Probe> Ready => _ready.Task;

    /// <summary>How it is now.</summary>
    public PartStatus Status()
    {
        lock (_lock)
        {
            var pid = _run is { Process.Exited.IsCompleted: false } run ? run.Process.Identity.Pid : 0;
            var uptime = pid == 0 ? 0 : _time.GetElapsedTime(_since).TotalSeconds;
            return new PartStatus(Part.Name, _state, pid, Part.Port, Math.Round(uptime, 1), _restarts, _note);
        }
    }

    /// <summary>Starts the part and keeps it running. Nothing happens when it is already wanted.</summary>
    /// <returns>True when it was stopped before.</returns>
    public async Task<bool> StartAsync()
    {
        await _commands.WaitAsync();
        try
        {
            if (!_loop.IsCompleted)
            {
                return false;
            }

            _session.Dispose();
            _session = new CancellationTokenSource();
            _ready = NewReady();
            _failedStarts = 0;
            var stop = _session.Token;
            _loop = Task.Run(() => KeepRunningAsync(stop), CancellationToken.None);
            return true;
        }
        finally
        {
            _commands.Release();
        }
    }

    /// <summary>Stops the part; it stays stopped.</summary>
    public async Task StopAsync()
    {
        await _commands.WaitAsync();
        try
        {
            await _session.CancelAsync();
            await _loop;
            Set(PartState.Stopped, "");
            _ready.TrySetCanceled();
        }
        finally
        {
            _commands.Release();
        }
    }

    /// <summary>SIGKILL to all processes of the part, as a crash would have it; it is started again like after a crash.</summary>
    /// <returns>The number of the killed process; 0 when none ran.</returns>
    public async Task<int> KillAsync()
    {
        PartRun? run;
        lock (_lock)
        {
            run = _run;
        }

        if (run is null || run.Process.Exited.IsCompleted)
        {
            return 0;
        }

        await run.Process.KillTreeAsync();
        return run.Process.Identity.Pid;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _session.Dispose();
        _commands.Dispose();
        _log.Dispose();
    }

    private static TaskCompletionSource<Probe> NewReady() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private async Task KeepRunningAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            var from = _time.GetTimestamp();
            var why = await RunOnceAsync(stop);
            if (stop.IsCancellationRequested)
            {
                return;
            }

            var pause = _backoff.Next(_time.GetElapsedTime(from));
            lock (_lock)
            {
                _restarts++;
            }

            Set(PartState.Restarting, why);
            _progress.Line($"{Part.Name}: {why}; starting it again in {pause.TotalSeconds:0.0} s");
            await Task.Delay(pause, _time, stop).ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        }
    }

    // Returns why the run ended. Whatever goes wrong with one part must not end the supervision of it, let alone of the others.
    private async Task<string> RunOnceAsync(CancellationToken stop)
    {
        try
        {
            Set(PartState.Starting, "");
            using var run = await PartRun.StartAsync(Part, _log, _time, stop);
            Begin(run);
            try
            {
                return await WatchAsync(run, stop);
            }
            finally
            {
                await EndAsync(run, stop);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return "stopped";
        }
        catch (Exception e) when (e is PartFailedException or IOException or Win32Exception or TimeoutException
            or UnauthorizedAccessException or InvalidOperationException)
        {
            if (!_ready.Task.IsCompleted && ++_failedStarts >= FirstStarts)
            {
                _ready.TrySetException(e as PartFailedException ?? new PartFailedException(Part.Name, e.Message, _log.Path));
            }

            _log.Remark(_time.GetUtcNow(), e.Message);
            return e.Message;
        }
    }

    private async Task<string> WatchAsync(PartRun run, CancellationToken stop)
    {
        var probe = await run.WaitReadyAsync(seen => Set(PartState.Starting, seen.Note), stop);
        Show(probe);
        _ready.TrySetResult(probe);
        while (!run.Process.Exited.IsCompleted)
        {
            await Task.WhenAny(run.Process.Exited, Task.Delay(WatchInterval, _time, stop));
            stop.ThrowIfCancellationRequested();
            if (Part.IsWatched && !run.Process.Exited.IsCompleted)
            {
                Show(await Part.ProbeAsync(stop));
            }
        }

        var code = await run.Process.Exited;
        return code == 128 + (int)Signal.Kill ? "was killed (SIGKILL)" : $"ended with code {code}";
    }

    private void Begin(PartRun run)
    {
        var identity = run.Process.Identity;
        lock (_lock)
        {
            _run = run;
            _since = _time.GetTimestamp();
        }

        File.WriteAllText(_pidFile, $"{identity.Pid} {identity.StartTicks}\n");
    }

    private async Task EndAsync(PartRun run, CancellationToken stop)
    {
        if (stop.IsCancellationRequested && !run.Process.Exited.IsCompleted)
        {
            Set(PartState.Stopping, "");
            await run.StopAsync();
        }
        else
        {
            await run.CleanUpAsync();
        }

        lock (_lock)
        {
            _run = null;
        }

        File.Delete(_pidFile);
    }

    private void Show(Probe probe)
    {
        PartState before;
        lock (_lock)
        {
            before = _state;
        }

        var now = probe.Health switch
        {
            Health.Ready => PartState.Running,
            Health.Fenced => PartState.Fenced,
            Health.Live or Health.Down => PartState.Unready,
            _ => throw new InvalidOperationException($"unknown health {probe.Health}"),
        };
        Set(now, probe.Health == Health.Down ? "does not answer" : probe.Note);
        if (now == PartState.Fenced && before != PartState.Fenced)
        {
            _progress.Line($"warning: {Part.Name} does no work: {probe.Note}");
        }
    }

    private void Set(PartState state, string note)
    {
        lock (_lock)
        {
            _state = state;
            _note = note;
        }
    }
}
