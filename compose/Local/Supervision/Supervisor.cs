using System.Diagnostics;
using System.Globalization;
using CardShop.Local.Parts;
using CardShop.Local.Processes;

namespace CardShop.Local.Supervision;

/// <summary>Starts all parts stage by stage, keeps them running, answers the control channel, stops them in reverse order.</summary>
public sealed class Supervisor : IAsyncDisposable
{
    private const int OneShotAttempts = 3;
    private static readonly TimeSpan OneShotPause = TimeSpan.FromMilliseconds(500);

    private readonly IReadOnlyList<Stage> _stages;
    private readonly IReadOnlyList<IReadOnlyList<PartRunner>> _runners;
    private readonly SupervisorFiles _files;
    private readonly IProgressSink _progress;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _down = new();

    /// <param name="stages">What to start, in order.</param>
    /// <param name="files">Where its own files are; the folders must exist.</param>
    /// <param name="progress">Gets a line for everything that happens.</param>
    /// <param name="random">Jitter of restarts.</param>
    /// <param name="time">The clock.</param>
    public Supervisor(IReadOnlyList<Stage> stages, SupervisorFiles files, IProgressSink progress, Random random, TimeProvider time)
    {
        _stages = stages;
        _files = files;
        _progress = progress;
        _time = time;
        _runners = [.. stages.Select(stage => stage.Parts.Select(part => new PartRunner(part, files, progress, random, time)).ToList())];
    }

    /// <summary>All parts as they are now, in the order of their start.</summary>
    public IReadOnlyList<PartStatus> Status() => [.. _runners.SelectMany(stage => stage).Select(runner => runner.Status())];

    /// <summary>Finds a part by its name.</summary>
    public PartRunner? Find(string name) => _runners.SelectMany(stage => stage).FirstOrDefault(runner => runner.Part.Name == name);

    /// <summary>Are all parts up that should be?</summary>
    public bool IsReady => _files.State() == "ready";

    /// <summary>Asks <see cref="RunAsync"/> to stop everything and return.</summary>
    public void RequestStop() => _down.Cancel();

    /// <summary>Starts everything, waits, stops everything.</summary>
    /// <param name="readyMessage">Said when all is up.</param>
    /// <param name="stop">Ends the wait, or the start.</param>
    /// <returns>0 after an orderly stop, 1 when the start failed.</returns>
    public async Task<int> RunAsync(string readyMessage, CancellationToken stop)
    {
        using var both = CancellationTokenSource.CreateLinkedTokenSource(stop, _down.Token);
        SetState("starting");
        var code = 0;
        try
        {
            await EndLeftoversAsync();
            await StartAsync(both.Token);
            SetState("ready");
            _progress.Line(readyMessage);
            await Task.Delay(Timeout.InfiniteTimeSpan, _time, both.Token);
        }
        catch (OperationCanceledException) when (both.IsCancellationRequested)
        {
            _progress.Line("stopping");
        }
        catch (PartFailedException e)
        {
            code = 1;
            _progress.Line($"error: {e.Message}");
            foreach (var line in e.LogPath is null ? [] : RotatingLog.Tail(e.LogPath, 20))
            {
                _progress.Line("    | " + line);
            }

            _progress.Line(e.LogPath is null ? "stopping" : $"the whole output: {e.LogPath}; stopping");
        }

        await StopAllAsync();
        SetState(code == 0 ? "stopped" : "failed");
        _progress.Line("everything is stopped");
        return code;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await StopAllAsync();
        foreach (var runner in _runners.SelectMany(stage => stage))
        {
            runner.Dispose();
        }

        _down.Dispose();
    }

    private async Task StartAsync(CancellationToken stop)
    {
        for (var i = 0; i < _stages.Count; i++)
        {
            // The first failure ends the wait for the others: its message is what the user needs.
            using var failed = CancellationTokenSource.CreateLinkedTokenSource(stop);
            var work = _runners[i].Select(runner => StartAsync(runner, failed.Token))
                .Concat(_stages[i].OneShots.Select(oneShot => RunOneShotAsync(oneShot, failed.Token)));
            await Task.WhenAll(work.Select(task => CancelOnFailureAsync(task, failed)));
        }
    }

    private static async Task CancelOnFailureAsync(Task task, CancellationTokenSource failed)
    {
        try
        {
            await task;
        }
        catch (PartFailedException)
        {
            await failed.CancelAsync();
            throw;
        }
    }

    private async Task StartAsync(PartRunner runner, CancellationToken stop)
    {
        var from = _time.GetTimestamp();
        await runner.StartAsync();
        await runner.Ready.WaitAsync(stop);
        _progress.Line($"{runner.Part.Name} is up on port {runner.Part.Port} after {_time.GetElapsedTime(from).TotalSeconds:0.0} s");
    }

    private async Task RunOneShotAsync(OneShot oneShot, CancellationToken stop)
    {
        if (oneShot.Needed?.Invoke() == false)
        {
            return;
        }

        var from = _time.GetTimestamp();
        var path = _files.Log(oneShot.LogName);
        using var log = new RotatingLog(path);
        for (var attempt = 1; ; attempt++)
        {
            log.Remark(_time.GetUtcNow(), oneShot.Name);
            int code;
            try
            {
                code = await ChildProcess.RunAsync(oneShot.Command(), log, oneShot.Limit, _time, stop);
            }
            catch (TimeoutException)
            {
                throw new PartFailedException(oneShot.Name, $"{oneShot.Name} took longer than {oneShot.Limit.TotalSeconds:0} s", path);
            }

            if (code == 0)
            {
                break;
            }

            if (attempt == OneShotAttempts)
            {
                throw new PartFailedException(oneShot.Name, $"{oneShot.Name} ended with code {code}", path);
            }

            await Task.Delay(OneShotPause * attempt, _time, stop);
        }

        oneShot.Done?.Invoke();
        _progress.Line($"{oneShot.Name}: done after {_time.GetElapsedTime(from).TotalSeconds:0.0} s");
    }

    private async Task StopAllAsync()
    {
        foreach (var stage in _runners.Reverse())
        {
            await Task.WhenAll(stage.Select(runner => runner.StopAsync()));
        }
    }

    // A supervisor that was killed takes its parts with it. Should one have outlived it, two of it would share one data directory.
    private async Task EndLeftoversAsync()
    {
        foreach (var file in _files.Pids())
        {
            var words = (await File.ReadAllTextAsync(file)).Split(' ', StringSplitOptions.TrimEntries);
            if (words.Length == 2 && int.TryParse(words[0], CultureInfo.InvariantCulture, out var pid)
                && long.TryParse(words[1], CultureInfo.InvariantCulture, out var ticks)
                && ProcessTable.IsAlive(new ProcessIdentity(pid, ticks)))
            {
                _progress.Line($"{Path.GetFileNameWithoutExtension(file)} is left from an earlier start, process {pid}; ending it");
                await ChildProcess.KillAllAsync([new ProcessIdentity(pid, ticks)], _time);
            }

            File.Delete(file);
        }

        foreach (var runner in _runners.SelectMany(stage => stage))
        {
            await runner.Part.CleanUpAsync(_time);
        }
    }

    private void SetState(string state)
    {
        Debug.Assert(!state.Contains('\n', StringComparison.Ordinal), "one word");
        PrivateFile.Write(_files.StateFile, state + "\n");
    }
}
