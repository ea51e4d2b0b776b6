using CardShop.Local.Processes;
using CardShop.Local.Supervision;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace CardShop.Local.Terminal;

/// <summary>On a terminal: the table of parts, redrawn in place, with the latest events below it.</summary>
public sealed class LiveProgress : IProgressSink
{
    private const int Kept = 8;
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(500);

    private readonly IAnsiConsole _console;
    private readonly SupervisorFiles _files;
    private readonly TimeProvider _time;
    private readonly Queue<string> _lines = new();
    private readonly Lock _lock = new();

    /// <param name="console">The terminal.</param>
    /// <param name="files">Where the logs are.</param>
    /// <param name="time">The clock.</param>
    public LiveProgress(IAnsiConsole console, SupervisorFiles files, TimeProvider time)
    {
        _console = console;
        _files = files;
        _time = time;
    }

    /// <inheritdoc/>
    public void Line(string text)
    {
        lock (_lock)
        {
            _lines.Enqueue(text);
            if (_lines.Count > Kept)
            {
                _lines.Dequeue();
            }
        }
    }

    /// <summary>Draws until the work is done.</summary>
    public async Task<int> ShowAsync(Supervisor supervisor, Func<Task<int>> work)
    {
        var code = 0;
        await _console.Live(Frame(supervisor)).AutoClear(false).Overflow(VerticalOverflow.Crop).StartAsync(async live =>
        {
            var done = work();
            while (!done.IsCompleted)
            {
                await Task.WhenAny(done, Task.Delay(Interval, _time));
                live.UpdateTarget(Frame(supervisor));
            }

            code = await done;
            live.UpdateTarget(Frame(supervisor));
        });
        return code;
    }

    private Rows Frame(Supervisor supervisor)
    {
        var width = Math.Max(20, _console.Profile.Width - 62);
        IRenderable[] events;
        lock (_lock)
        {
            events = [.. _lines.Select(Event)];
        }

        return new Rows([PartTable.Build(supervisor.Status(), part => Note(part, width)), .. events, new Markup("[grey]Ctrl-C stops everything[/]")]);
    }

    private static Markup Event(string text)
    {
        var colour = text.StartsWith("CardShop is ready", StringComparison.Ordinal) ? "bold green"
            : text.StartsWith("error", StringComparison.Ordinal) ? "red"
            : text.StartsWith("warning", StringComparison.Ordinal) ? "yellow" : "default";
        return new Markup($"[{colour}]{Markup.Escape(text)}[/]");
    }

    // The note of the part, or the last line of its log.
    private string Note(PartStatus part, int width)
    {
        var text = part.Note.Length > 0 || part.State == PartState.Waiting
            ? part.Note
            : RotatingLog.Tail(_files.Log(part.Name), 1).FirstOrDefault("");
        text = new string([.. text.Where(c => !char.IsControl(c))]);
        return text.Length > width ? text[..(width - 1)] + "…" : text;
    }
}
