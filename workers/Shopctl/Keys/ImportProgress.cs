using System.Globalization;
using CardShop.Shopctl.Terminal;
using Spectre.Console;

namespace CardShop.Shopctl.Keys;

/// <summary>Where an import says how far it is.</summary>
public interface IImportProgress
{
    void Report(ImportReport report);

    void Say(string text);
}

/// <summary>Runs an import under a progress bar on a terminal, under a line every two seconds elsewhere.</summary>
public static class ImportProgress
{
    /// <param name="read">The part of the source that is read, 0 to 1; null where its length is not known.</param>
    public static Task RunAsync(Screen screen, TimeProvider time, Func<double>? read, Func<IImportProgress, Task> work) =>
        screen.IsTerminal
            ? screen.Notes.Progress()
                .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new SpinnerColumn())
                .StartAsync(context => work(new Bars(context, screen.Notes, read)))
            : work(new Lines(screen, time));

    private sealed class Bars : IImportProgress
    {
        private readonly ProgressTask _sent;
        private readonly ProgressTask _loaded;
        private readonly IAnsiConsole _console;
        private readonly Func<double>? _read;

        public Bars(ProgressContext context, IAnsiConsole console, Func<double>? read)
        {
            _console = console;
            _read = read;
            _sent = context.AddTask("read and sealed", maxValue: 1);
            _loaded = context.AddTask("loaded into stock", maxValue: 1);
            _sent.IsIndeterminate = read is null;
        }

        public void Report(ImportReport report)
        {
            _sent.Value = _read?.Invoke() ?? 0;
            _loaded.Value = report.BatchesSent == 0 ? 0 : (double)report.BatchesLoaded / report.BatchesSent;
        }

        public void Say(string text) => _console.WriteLine(text);
    }

    private sealed class Lines(Screen screen, TimeProvider time) : IImportProgress
    {
        private static readonly TimeSpan Every = TimeSpan.FromSeconds(2);
        private long _last = time.GetTimestamp();

        public void Report(ImportReport report)
        {
            if (time.GetElapsedTime(_last) >= Every)
            {
                _last = time.GetTimestamp();
                Say(string.Create(
                    CultureInfo.InvariantCulture,
                    $"{report.Read:N0} lines read, {report.BatchesSent:N0} batches sent, {report.BatchesLoaded:N0} loaded …"));
            }
        }

        public void Say(string text) => screen.Note(text);
    }
}
