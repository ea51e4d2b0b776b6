using System.Diagnostics;
using System.Globalization;

namespace CardShop.Local.Processes;

/// <summary>
/// A child process in a session of its own (the terminal's Ctrl-C does not reach it) that the kernel kills when this process
/// dies in whatever way. Its output goes to a log.
/// </summary>
public sealed class ChildProcess : IDisposable
{
    // $0 is the number of this process. Died in the short time before the child asked for its signal, the parent is another
    // by now, and the child must not start. Everything here replaces itself by exec, so that the number stays the same.
    private const string Launcher =
        """exec 2>&1; exec setsid "$@" """;

    private const string Guard = """[ "$PPID" = "$0" ] || exit 113; exec "$@" """;

    private static readonly TimeSpan DrainTime = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan KillTime = TimeSpan.FromSeconds(10);

    private readonly Process _process;
    private readonly TimeProvider _time;

    private ChildProcess(Process process, RotatingLog log, TimeProvider time)
    {
        _process = process;
        _time = time;
        Identity = ProcessTable.Find(process.Id) ?? new ProcessIdentity(process.Id, -1);
        Exited = WatchAsync(PumpAsync(process.StandardOutput.BaseStream, log));
    }

    /// <summary>Which process it is.</summary>
    public ProcessIdentity Identity { get; }

    /// <summary>Completes with the exit code (128 + signal for a process that a signal ended).</summary>
    public Task<int> Exited { get; }

    /// <summary>Starts a process.</summary>
    /// <param name="command">What to run.</param>
    /// <param name="log">Gets standard output and standard error.</param>
    /// <param name="time">The clock for time limits.</param>
    public static async Task<ChildProcess> StartAsync(ChildCommand command, RotatingLog log, TimeProvider time)
    {
        var info = new ProcessStartInfo("/bin/sh")
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            UseShellExecute = false,
            WorkingDirectory = command.WorkingDirectory ?? "",
        };
        string[] guard =
        [
            "setpriv", "--pdeathsig", "KILL",
            "/bin/sh", "-c", Guard, Environment.ProcessId.ToString(CultureInfo.InvariantCulture),
        ];
        foreach (var argument in (IEnumerable<string>)
            ["-c", Launcher, "sh", .. command.RunAs, .. guard, command.FileName, .. command.Arguments])
        {
            info.ArgumentList.Add(argument);
        }

        foreach (var (name, value) in command.Environment)
        {
            info.Environment[name] = value;
        }

        var process = await ProcessSpawner.StartAsync(info);
        var child = new ChildProcess(process, log, time);
        try
        {
            await process.StandardInput.WriteAsync(command.Input);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It ended without reading; its exit code tells the rest.
        }

        return child;
    }

    /// <summary>Runs a process to its end.</summary>
    /// <returns>The exit code.</returns>
    /// <exception cref="TimeoutException">It took longer than <paramref name="limit"/> and was killed.</exception>
    public static async Task<int> RunAsync(
        ChildCommand command, RotatingLog log, TimeSpan limit, TimeProvider time, CancellationToken cancellationToken)
    {
        using var child = await StartAsync(command, log, time);
        try
        {
            return await child.Exited.WaitAsync(limit, time, cancellationToken);
        }
        finally
        {
            await child.KillTreeAsync();
        }
    }

    /// <summary>Sends one signal to the process itself.</summary>
    public void Send(Signal signal) => NativeMethods.Send(Identity, signal);

    /// <summary>Sends one signal to the process and to everything below it.</summary>
    public void SendToTree(Signal signal)
    {
        foreach (var process in (IEnumerable<ProcessIdentity>)[Identity, .. ProcessTable.Descendants(Identity.Pid)])
        {
            NativeMethods.Send(process, signal);
        }
    }

    /// <summary>Goes through the steps until the process is gone, and kills what is left of its tree.</summary>
    /// <returns>True when it went by itself, without a kill.</returns>
    public async Task<bool> StopAsync(IReadOnlyList<StopStep> steps)
    {
        var tree = ProcessTable.Descendants(Identity.Pid);
        foreach (var step in steps)
        {
            Send(step.Signal);
            if (await CompletedWithinAsync(Exited, step.Wait))
            {
                break;
            }
        }

        var alone = Exited.IsCompleted;
        await KillAsync(tree);
        return alone;
    }

    /// <summary>SIGKILL to the process and to everything below it; returns when all of them are gone.</summary>
    public Task KillTreeAsync() => KillAsync(ProcessTable.Descendants(Identity.Pid));

    /// <inheritdoc/>
    public void Dispose() => _process.Dispose();

    private async Task KillAsync(IReadOnlyList<ProcessIdentity> known)
    {
        // The root first: then it starts no more children while the others are counted.
        var tree = known.Concat(ProcessTable.Descendants(Identity.Pid)).Distinct().ToList();
        Send(Signal.Kill);
        await KillAllAsync(tree, _time);
        await CompletedWithinAsync(Exited, KillTime);
    }

    /// <summary>SIGKILL to each of the processes and to what is below them; returns when all are gone.</summary>
    /// <exception cref="TimeoutException">The kernel did not end one of them (a hanging disk).</exception>
    public static async Task KillAllAsync(IReadOnlyList<ProcessIdentity> processes, TimeProvider time)
    {
        var tree = processes.SelectMany(p => ProcessTable.IsAlive(p) ? [p, .. ProcessTable.Descendants(p.Pid)] : (ProcessIdentity[])[p])
            .Distinct().ToList();
        var from = time.GetTimestamp();
        while (tree.Exists(ProcessTable.IsAlive))
        {
            foreach (var process in tree)
            {
                NativeMethods.Send(process, Signal.Kill);
            }

            if (time.GetElapsedTime(from) > KillTime)
            {
                throw new TimeoutException($"Process {tree.Find(ProcessTable.IsAlive).Pid} does not end, not even by SIGKILL.");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(10), time);
        }

        _ = ReapAsync(tree, time);
    }

    /// <summary>
    /// Takes note of the end of orphans that this process has adopted, as the system's first process would: a program that
    /// waits for them to be gone waits no longer. Not for programs that this process itself starts.
    /// </summary>
    public static void ReapAdopted(string program)
    {
        foreach (var pid in ProcessTable.Ended(Environment.ProcessId, program))
        {
            NativeMethods.Reap(new(pid, 0));
        }
    }

    /// <summary>
    /// Orphans that this process has adopted leave zombies that nobody else takes. The runtime takes its own children by
    /// itself, and ends the process when somebody was faster: it is given the time.
    /// </summary>
    private static async Task ReapAsync(List<ProcessIdentity> ended, TimeProvider time)
    {
        await Task.Delay(TimeSpan.FromSeconds(5), time);
        foreach (var process in ended)
        {
            NativeMethods.Reap(process);
        }
    }

    private async Task<bool> CompletedWithinAsync(Task task, TimeSpan limit)
    {
        using var enough = new CancellationTokenSource();
        var winner = await Task.WhenAny(task, Task.Delay(limit, _time, enough.Token));
        await enough.CancelAsync();
        return winner == task;
    }

    private async Task<int> WatchAsync(Task output)
    {
        await _process.WaitForExitAsync();
        var code = _process.ExitCode;

        // The last words are worth a short wait; a grandchild that still holds the pipe is not.
        await CompletedWithinAsync(output, DrainTime);
        return code;
    }

    private static async Task PumpAsync(Stream output, RotatingLog log)
    {
        var buffer = new byte[16 << 10];
        try
        {
            int count;
            while ((count = await output.ReadAsync(buffer)) > 0)
            {
                log.Write(buffer.AsSpan(0, count));
            }
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or InvalidOperationException)
        {
            // The process is gone and so is its pipe.
        }
    }
}
