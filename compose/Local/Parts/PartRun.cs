using CardShop.Local.Processes;

namespace CardShop.Local.Parts;

/// <summary>One run of a part, from its preparation to the end of its last process.</summary>
public sealed class PartRun : IDisposable
{
    private static readonly TimeSpan FirstPoll = TimeSpan.FromMilliseconds(40);
    private static readonly TimeSpan SlowestPoll = TimeSpan.FromMilliseconds(250);

    private readonly PartDefinition _part;
    private readonly RotatingLog _log;
    private readonly TimeProvider _time;

    private PartRun(PartDefinition part, ChildProcess process, RotatingLog log, TimeProvider time)
    {
        _part = part;
        _log = log;
        _time = time;
        Process = process;
    }

    /// <summary>The main process.</summary>
    public ChildProcess Process { get; }

    /// <summary>Prepares the part and starts its process; does not wait until it is ready.</summary>
    public static async Task<PartRun> StartAsync(
        PartDefinition part, RotatingLog log, TimeProvider time, CancellationToken cancellationToken)
    {
        await part.PrepareAsync(log, time, cancellationToken);

        // Otherwise the stranger there would answer the ready check in the part's name.
        if (!FreePorts.IsFree(part.Port))
        {
            throw new PartFailedException(part.Name, $"port {part.Port} of {part.Name} is taken by another program", log.Path);
        }

        var process = await ChildProcess.StartAsync(part.Command(), log, time);
        log.Remark(time.GetUtcNow(), $"{part.Name} started, process {process.Identity.Pid}, port {part.Port}");
        return new PartRun(part, process, log, time);
    }

    /// <summary>Asks again and again until the part answers that it works, or that it is fenced.</summary>
    /// <param name="seen">Gets every answer on the way.</param>
    /// <param name="cancellationToken">Ends the wait; the part runs on.</param>
    /// <exception cref="PartFailedException">It ended, or did not get ready in time.</exception>
    public async Task<Probe> WaitReadyAsync(Action<Probe>? seen, CancellationToken cancellationToken)
    {
        var from = _time.GetTimestamp();
        var pause = FirstPoll;
        while (true)
        {
            if (Process.Exited.IsCompleted)
            {
                throw new PartFailedException(_part.Name, $"{_part.Name} ended with code {await Process.Exited} before it was ready", _log.Path);
            }

            var probe = await _part.ProbeAsync(cancellationToken);
            seen?.Invoke(probe);
            if (probe.Health >= Health.Fenced)
            {
                return probe;
            }

            if (_time.GetElapsedTime(from) > _part.StartLimit)
            {
                throw new PartFailedException(
                    _part.Name,
                    $"{_part.Name} was not ready within {_part.StartLimit.TotalSeconds:0} s" + (probe.Note.Length > 0 ? ": " + probe.Note : ""),
                    _log.Path);
            }

            await Task.WhenAny(Process.Exited, Task.Delay(pause, _time, cancellationToken));
            cancellationToken.ThrowIfCancellationRequested();
            pause = TimeSpan.FromTicks(Math.Min(pause.Ticks * 3 / 2, SlowestPoll.Ticks));
        }
    }

    /// <summary>Stops it in an orderly way, with force after the part's time limits.</summary>
    public async Task StopAsync()
    {
        var orderly = await Process.StopAsync(_part.StopSteps);
        await _part.CleanUpAsync(_time);
        _log.Remark(_time.GetUtcNow(), $"{_part.Name} stopped{(orderly ? "" : " by SIGKILL: it did not stop by itself")}");
    }

    /// <summary>SIGKILL to all of it; returns when nothing of it is left.</summary>
    public async Task KillAsync()
    {
        await Process.KillTreeAsync();
        await _part.CleanUpAsync(_time);
        _log.Remark(_time.GetUtcNow(), $"{_part.Name} killed");
    }

    /// <summary>After the main process has ended by itself: ends what it left behind.</summary>
    public async Task CleanUpAsync()
    {
        await Process.KillTreeAsync();
        await _part.CleanUpAsync(_time);
    }

    /// <inheritdoc/>
    public void Dispose() => Process.Dispose();
}
