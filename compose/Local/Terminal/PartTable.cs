using System.Globalization;
using CardShop.Local.Supervision;
using Spectre.Console;

namespace CardShop.Local.Terminal;

/// <summary>The parts as a table.</summary>
public static class PartTable
{
    /// <summary>Builds the table.</summary>
    /// <param name="parts">A row each.</param>
    /// <param name="note">What stands in the last column.</param>
    public static Table Build(IReadOnlyList<PartStatus> parts, Func<PartStatus, string> note)
    {
        var table = new Table().Border(TableBorder.Rounded).BorderColor(Color.Grey);
        table.AddColumn("part");
        table.AddColumn("state");
        table.AddColumn(new TableColumn("pid").RightAligned());
        table.AddColumn(new TableColumn("port").RightAligned());
        table.AddColumn(new TableColumn("uptime").RightAligned());
        table.AddColumn(new TableColumn("restarts").RightAligned());
        table.AddColumn(new TableColumn("note").NoWrap());
        foreach (var part in parts)
        {
            table.AddRow(
                Markup.Escape(part.Name),
                $"[{Colour(part.State)}]{part.State.ToString().ToLowerInvariant()}[/]",
                part.Pid == 0 ? "-" : Number(part.Pid),
                Number(part.Port),
                part.Pid == 0 ? "-" : Uptime(TimeSpan.FromSeconds(part.UptimeSeconds)),
                part.Restarts == 0 ? "0" : $"[yellow]{Number(part.Restarts)}[/]",
                Markup.Escape(note(part)));
        }

        return table;
    }

    private static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);

    private static string Colour(PartState state) => state switch
    {
        PartState.Running => "green",
        PartState.Starting or PartState.Restarting or PartState.Unready => "yellow",
        PartState.Fenced => "red",
        PartState.Waiting or PartState.Stopping or PartState.Stopped => "grey",
        _ => "default",
    };

    private static string Uptime(TimeSpan uptime) => uptime switch
    {
        { TotalSeconds: < 60 } => string.Create(CultureInfo.InvariantCulture, $"{uptime.TotalSeconds:0}s"),
        { TotalHours: < 1 } => string.Create(CultureInfo.InvariantCulture, $"{uptime.Minutes}m{uptime.Seconds:00}s"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{(int)uptime.TotalHours}h{uptime.Minutes:00}m"),
    };
}
