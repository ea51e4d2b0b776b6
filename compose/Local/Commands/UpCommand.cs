using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using CardShop.Local.Instance;
using CardShop.Local.Parts;
using CardShop.Local.Processes;
using CardShop.Local.Supervision;
using CardShop.Local.Terminal;
using Spectre.Console;

namespace CardShop.Local.Commands;

/// <summary>compose/up: runs the supervisor here, or in the background.</summary>
internal static class UpCommand
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan DetachedLimit = TimeSpan.FromMinutes(10);

    /// <summary>Runs until Ctrl-C, SIGTERM or compose/down.</summary>
    public static async Task<int> RunAsync(InstanceLayout layout, TimeProvider time)
    {
        var files = layout.Supervisor;
        files.Create();
        using var taken = SupervisorLock.TryTake(files);
        if (taken is null)
        {
            return await SayItRunsAsync(files, time, CancellationToken.None);
        }

        SupervisorLock.Sign(files);
        using var stop = new CancellationTokenSource();
        using var interrupt = OnSignal(PosixSignal.SIGINT, stop);
        using var terminate = OnSignal(PosixSignal.SIGTERM, stop);
        using var hangUp = OnSignal(PosixSignal.SIGHUP, stop);
        var live = !Console.IsOutputRedirected && AnsiConsole.Profile.Capabilities.Interactive
            && AnsiConsole.Profile.Capabilities.Ansi
                ? new LiveProgress(AnsiConsole.Console, files, time)
                : null;
        IProgressSink progress = live is null ? new PlainProgress(Console.Out, time) : live;
        var stages = InstancePlan.Create(layout, progress, out var url);
        await using var supervisor = new Supervisor(stages, files, progress, new Random(), time);
        await using var control = new ControlServer(supervisor, files.Socket, time);
        Task<int> Work() => supervisor.RunAsync($"CardShop is ready: {url}", stop.Token);
        return live is null ? await Work() : await live.ShowAsync(supervisor, Work);
    }

    /// <summary>Starts the supervisor in a session of its own, shows what it says until the shop is ready.</summary>
    public static async Task<int> DetachAsync(InstanceLayout layout, TimeProvider time, CancellationToken cancellationToken)
    {
        var files = layout.Supervisor;
        files.Create();
        using (var free = SupervisorLock.TryTake(files))
        {
            if (free is null)
            {
                return await SayItRunsAsync(files, time, cancellationToken);
            }

            PrivateFile.Write(files.StateFile, "starting\n");
            PrivateFile.Write(files.DetachedLog, "");
        }

        var run = DotnetProgram.Command("CardShop.Local", "up", "--folder", layout.Folder);
        using var process = Process.Start(new ProcessStartInfo(
            "/bin/sh", ["-c", "exec >>\"$0\" 2>&1 </dev/null; exec setsid \"$@\"", files.DetachedLog, run.FileName, .. run.Arguments])
        {
            WorkingDirectory = layout.Root,
        })!;
        await using var said = new FileStream(files.DetachedLog, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        await using var output = Console.OpenStandardOutput();
        var from = time.GetTimestamp();
        while (true)
        {
            // The state first: what it announces has been said before.
            var state = files.State();
            var ended = process.HasExited;
            await said.CopyToAsync(output, cancellationToken);
            await output.FlushAsync(cancellationToken);
            if (state == "ready")
            {
                return 0;
            }

            if (ended)
            {
                return 1;
            }

            if (time.GetElapsedTime(from) > DetachedLimit)
            {
                await Console.Error.WriteLineAsync($"error: not ready within {DetachedLimit.TotalMinutes:0} minutes; it goes on in the background, see compose/part status");
                return 1;
            }

            await Task.Delay(Poll, time, cancellationToken);
        }
    }

    private static async Task<int> SayItRunsAsync(SupervisorFiles files, TimeProvider time, CancellationToken cancellationToken)
    {
        Console.WriteLine("A shop runs in this folder already.");
        var from = time.GetTimestamp();
        while (time.GetElapsedTime(from) < DetachedLimit)
        {
            var answer = await new ControlClient(files.Socket).AskAsync(new ControlRequest("status"), cancellationToken);
            if (answer?.Ready == true)
            {
                var port = answer.Parts.FirstOrDefault(part => part.Name == "api")?.Port ?? 0;
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"CardShop is ready: http://127.0.0.1:{port}"));
                return 0;
            }

            using var free = SupervisorLock.TryTake(files);
            if (free is not null)
            {
                await Console.Error.WriteLineAsync($"error: it has just ended ({files.State()}); start again");
                return 1;
            }

            await Task.Delay(Poll, time, cancellationToken);
        }

        await Console.Error.WriteLineAsync("error: and it does not get ready; see compose/part status");
        return 1;
    }

    private static PosixSignalRegistration OnSignal(PosixSignal signal, CancellationTokenSource stop) =>
        PosixSignalRegistration.Create(signal, context =>
        {
            context.Cancel = true;
            stop.Cancel();
        });
}
