using System.ComponentModel;
using System.Diagnostics;
using System.Text.Json;
using System.Threading.Channels;

namespace CardShop.Api.Admin.Commands;

/// <summary>A command that is to run.</summary>
/// <param name="Words">For shopctl.</param>
/// <param name="Key">The operator's.</param>
/// <param name="Input">What it reads; null where it reads nothing.</param>
public sealed record CommandRun(ConsoleCommand Command, IReadOnlyList<string> Words, ShownKey Key, Stream? Input);

/// <summary>
/// Runs shopctl as a child process and passes on what it says. Few at once, each with an end, none beyond this process' own:
/// what closes a child's standard input asks it to stop, and so does this process' death.
/// </summary>
public sealed class CommandRunner(
    ShopctlProgram program, IHostApplicationLifetime lifetime, TimeProvider time, ILogger<CommandRunner> logger) : IDisposable
{
    private const int AtOnce = 4;

    /// <summary>Between asking a child to stop and ending it.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(10);

    /// <summary>A browser shows an answer when it has sent its file: so long the rest is taken and thrown away.</summary>
    private static readonly TimeSpan DrainFor = TimeSpan.FromSeconds(30);

    private readonly SemaphoreSlim _slots = new(AtOnce);

    /// <summary>Answers with what the command says; returns when its process is gone.</summary>
    public async Task RunAsync(HttpContext context, CommandRun run)
    {
        if (!program.IsSet)
        {
            await Problem.Of(
                StatusCodes.Status503ServiceUnavailable, "The console runs no commands here",
                $"Setting {ShopctlProgram.SettingName} is missing. In a terminal: {ShopctlProgram.TextOf(run.Words)}").WriteAsync(context);
            return;
        }

        if (!await _slots.WaitAsync(TimeSpan.Zero))
        {
            await Problem.Of(
                StatusCodes.Status429TooManyRequests, "Too many commands at once",
                $"{AtOnce} commands run in this process. Wait until one has ended.").WriteAsync(context);
            return;
        }

        try
        {
            using var process = Process.Start(program.StartInfo(run.Words, run.Key.Text, watched: run.Input is null))!;
            try
            {
                await FollowAsync(context, process, run);
            }
            finally
            {
                if (!process.HasExited)
                {
                    process.Kill(entireProcessTree: true);
                }
            }
        }
        catch (Win32Exception e)
        {
            ApiLog.CommandNotStarted(logger, e.Message);
            await Problem.Of(
                StatusCodes.Status503ServiceUnavailable, "shopctl cannot be started",
                $"Look at the API's log and at setting {ShopctlProgram.SettingName}. In a terminal: {ShopctlProgram.TextOf(run.Words)}")
                .WriteAsync(context);
        }
        finally
        {
            _slots.Release();
        }
    }

    public void Dispose() => _slots.Dispose();

    private async Task FollowAsync(HttpContext context, Process process, CommandRun run)
    {
        var started = time.GetTimestamp();
        using var limit = new CancellationTokenSource(run.Command.Limit, time);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(
            limit.Token, lifetime.ApplicationStopping,
            run.Command.StopsWhenLeft ? context.RequestAborted : CancellationToken.None);
        context.Response.StatusCode = StatusCodes.Status200OK;
        context.Response.ContentType = "application/x-ndjson";
        // A proxy passes the lines on as they come.
        context.Response.Headers["X-Accel-Buffering"] = "no";
        var sink = new CommandSink();
        var written = WriteAsync(context, sink.Outputs);
        using var over = CancellationTokenSource.CreateLinkedTokenSource(stop.Token);
        var fed = FeedAsync(process.StandardInput.BaseStream, run.Input, over.Token, stop.Token);
        await Task.WhenAll(
            run.Command.IsJson ? sink.DocumentAsync(process.StandardOutput) : sink.LinesAsync(process.StandardOutput),
            sink.NotesAsync(process.StandardError), EndedAsync(process, stop.Token));
        await over.CancelAsync();
        ApiLog.CommandEnded(logger, run.Command.Name, process.ExitCode, time.GetElapsedTime(started).TotalSeconds);
        await sink.EndAsync(
            process.ExitCode,
            limit.IsCancellationRequested ? $"It was stopped: it may take {run.Command.Limit.TotalMinutes:F0} minutes."
                : lifetime.ApplicationStopping.IsCancellationRequested ? "It was stopped: the API process stops."
                : null);
        await Task.WhenAll(written, fed);
    }

    /// <summary>Returns when the process is gone. What was asked to stop has a while for it.</summary>
    private async Task EndedAsync(Process process, CancellationToken stop)
    {
        var ended = process.WaitForExitAsync(CancellationToken.None);
        try
        {
            await ended.WaitAsync(stop);
        }
        catch (OperationCanceledException)
        {
            try
            {
                await ended.WaitAsync(Grace, time, CancellationToken.None);
            }
            catch (TimeoutException)
            {
                process.Kill(entireProcessTree: true);
                await ended;
            }
        }
    }

    /// <summary>Holds the child's standard input: gives it what it reads, and closes it when it is to stop.</summary>
    /// <param name="over">The child is to stop, or gone.</param>
    private async Task FeedAsync(Stream wire, Stream? input, CancellationToken over, CancellationToken stop)
    {
        try
        {
            await using (wire)
            {
                await (input is null ? Task.Delay(Timeout.InfiniteTimeSpan, time, over) : input.CopyToAsync(wire, over));
            }
        }
        catch (Exception e) when (e is OperationCanceledException or IOException)
        {
            // It is to stop, or it has ended before it read all, or who sends is gone: the child knows by the length.
        }

        if (input is not null)
        {
            await DrainAsync(input, stop);
        }
    }

    private async Task DrainAsync(Stream input, CancellationToken stop)
    {
        using var limit = new CancellationTokenSource(DrainFor, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, stop);
        try
        {
            await input.CopyToAsync(Stream.Null, either.Token);
        }
        catch (Exception e) when (e is OperationCanceledException or IOException)
        {
            // Nobody sends any more, or for too long.
        }
    }

    /// <summary>Passes on what is said. When nobody listens any more it is read all the same: the child is not held up.</summary>
    private static async Task WriteAsync(HttpContext context, ChannelReader<CommandOutput> outputs)
    {
        var isHeard = true;
        await foreach (var output in outputs.ReadAllAsync(CancellationToken.None))
        {
            if (!isHeard)
            {
                continue;
            }

            try
            {
                var body = context.Response.Body;
                await JsonSerializer.SerializeAsync(body, output, AdminJson.Default.CommandOutput, context.RequestAborted);
                await body.WriteAsync("\n"u8.ToArray(), context.RequestAborted);
                if (!outputs.TryPeek(out _))
                {
                    await body.FlushAsync(context.RequestAborted);
                }
            }
            catch (Exception e) when (e is OperationCanceledException or IOException)
            {
                isHeard = false;
            }
        }
    }
}
