using System.Globalization;
using Spectre.Console;

namespace CardShop.Shopctl.Terminal;

/// <summary>A long work under one progress bar on a terminal, under a line every two seconds elsewhere.</summary>
public static class WorkProgress
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(2);

    /// <param name="work">Given what to call with the part that is done, 0 to 1, and a text that says where it is.</param>
    public static Task RunAsync(Screen screen, TimeProvider time, string title, Func<Action<double, string>, Task> work)
    {
        if (screen.IsTerminal)
        {
            return screen.Notes.Progress()
                .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new SpinnerColumn())
                .StartAsync(context =>
                {
                    var bar = context.AddTask(Markup.Escape(title), maxValue: 1);
                    return work((part, text) =>
                    {
                        bar.Value = part;
                        bar.Description = Markup.Escape($"{title}: {text}");
                    });
                });
        }

        var last = time.GetTimestamp();
        return work((part, text) =>
        {
            if (time.GetElapsedTime(last) >= Every)
            {
                last = time.GetTimestamp();
                screen.Note(string.Create(CultureInfo.InvariantCulture, $"{title}: {part:P0}, {text} …"));
            }
        });
    }
}
