using System.Globalization;
using Spectre.Console;

namespace CardShop.Tests.Chaos;

/// <summary>
/// What is said while a run lasts: on a terminal one line that is redrawn, with events above it; elsewhere a line for each
/// event and one every 15 seconds.
/// </summary>
/// <param name="line">The state in one line, asked for whenever it is shown.</param>
public sealed class RunProgress(Func<string> line, TimeProvider time)
{
    private static readonly TimeSpan Redraw = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan Report = TimeSpan.FromSeconds(15);

    private readonly long _started = time.GetTimestamp();

    private static bool IsTerminal => !Console.IsOutputRedirected && AnsiConsole.Profile.Capabilities.Interactive;

    /// <summary>An event.</summary>
    public void Say(string text)
    {
        var line = string.Create(CultureInfo.InvariantCulture, $"{time.GetElapsedTime(_started).TotalSeconds,7:0.0}s  {text}");
        if (IsTerminal)
        {
            AnsiConsole.WriteLine(line);
        }
        else
        {
            // A file has no width to wrap at.
            Console.WriteLine(line);
        }
    }

    /// <summary>Shows the state until the work is done.</summary>
    public async Task ShowAsync(Func<Task> work)
    {
        if (IsTerminal)
        {
            await AnsiConsole.Status().StartAsync(line().EscapeMarkup(), async status =>
            {
                var done = work();
                while (!done.IsCompleted)
                {
                    await Task.WhenAny(done, Task.Delay(Redraw, time));
                    status.Status(line().EscapeMarkup());
                }

                await done;
            });
            return;
        }

        var working = work();
        while (!working.IsCompleted)
        {
            await Task.WhenAny(working, Task.Delay(Report, time));
            if (!working.IsCompleted)
            {
                Say(line());
            }
        }

        await working;
    }
}
