using System.Globalization;
using CardShop.Shop.Reconciliation;
using CardShop.Shopctl.Terminal;
using Spectre.Console;

namespace CardShop.Shopctl.Reconcile;

/// <summary>How far a reconciliation is: a bar on a terminal, a line every two seconds elsewhere.</summary>
public static class ReconcileProgress
{
    /// <param name="read">The part of the files that is read, 0 to 1.</param>
    /// <param name="work">Given what it calls after each batch.</param>
    public static Task RunAsync(
        Screen screen, TimeProvider time, ReconciliationReport report, Func<double> read, Func<Action, Task> work) =>
        screen.IsTerminal
            ? screen.Notes.Progress()
                .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new SpinnerColumn())
                .StartAsync(context =>
                {
                    var bar = context.AddTask("compared", maxValue: 1);
                    return work(() => bar.Value = read());
                })
            : work(Lines(screen, time, report, read));

    private static Action Lines(Screen screen, TimeProvider time, ReconciliationReport report, Func<double> read)
    {
        var every = TimeSpan.FromSeconds(2);
        var last = time.GetTimestamp();
        return () =>
        {
            if (time.GetElapsedTime(last) >= every)
            {
                last = time.GetTimestamp();
                screen.Note(string.Create(
                    CultureInfo.InvariantCulture, $"{report.Lines:N0} lines compared, {read():P0} of the files read …"));
            }
        };
    }
}
