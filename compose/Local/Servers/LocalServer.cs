using CardShop.Local.Parts;
using CardShop.Local.Processes;

namespace CardShop.Local.Servers;

/// <summary>A server of one's own on loopback, for tests and benches: no supervisor, no restart by itself.</summary>
public abstract class LocalServer : IAsyncDisposable
{
    private readonly PartDefinition _part;
    private readonly RotatingLog _log;
    private readonly TimeProvider _time;
    private PartRun? _run;

    /// <param name="part">What to run.</param>
    /// <param name="dataDirectory">Its data; the log goes beside it, as <c>NAME.log</c>.</param>
    /// <param name="time">The clock for time limits.</param>
    protected LocalServer(PartDefinition part, string dataDirectory, TimeProvider? time)
    {
        _part = part;
        _time = time ?? TimeProvider.System;
        DataDirectory = dataDirectory;
        _log = new RotatingLog(Path.TrimEndingDirectorySeparator(dataDirectory) + ".log");
    }

    /// <summary>Where its data is.</summary>
    public string DataDirectory { get; }

    /// <summary>Its port on 127.0.0.1; the same after a restart.</summary>
    public int Port => _part.Port;

    /// <summary>Its output.</summary>
    public string LogPath => _log.Path;

    /// <summary>The number of its main process; 0 while it is stopped.</summary>
    public int ProcessId => _run is { Process.Exited.IsCompleted: false } run ? run.Process.Identity.Pid : 0;

    /// <summary>Starts it and waits until it answers.</summary>
    /// <exception cref="PartFailedException">It ended or did not answer in time; the message ends with its last words.</exception>
    public async Task StartAsync(CancellationToken cancellationToken = default)
    {
        if (ProcessId != 0)
        {
            return;
        }

        var run = await PartRun.StartAsync(_part, _log, _time, cancellationToken);
        _run = run;
        try
        {
            await run.WaitReadyAsync(seen: null, cancellationToken);
        }
        catch (PartFailedException e)
        {
            await KillAsync();
            throw new PartFailedException(e.Part, e.Message + Environment.NewLine + string.Join(Environment.NewLine, _log.Tail(15)), e.LogPath);
        }
        catch
        {
            await KillAsync();
            throw;
        }
    }

    /// <summary>Stops it in an orderly way.</summary>
    public async Task StopAsync()
    {
        if (_run is { } run)
        {
            _run = null;
            await run.StopAsync();
            run.Dispose();
        }
    }

    /// <summary>SIGKILL to all of it; returns when nothing of it is left.</summary>
    public async Task KillAsync()
    {
        if (_run is { } run)
        {
            _run = null;
            await run.KillAsync();
            run.Dispose();
        }
    }

    /// <summary>Stops and starts it on the same port with the same data.</summary>
    public async Task RestartAsync(CancellationToken cancellationToken = default)
    {
        await StopAsync();
        await StartAsync(cancellationToken);
    }

    /// <summary>Ends it at once: what was committed is on disk, and nobody waits for the rest.</summary>
    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        _log.Dispose();
        GC.SuppressFinalize(this);
    }
}
