using Spectre.Console;

namespace CardShop.Tests.Chaos.Drills;

/// <summary>Every drill by its name.</summary>
public static class DrillList
{
    public static IReadOnlyList<Drill> All { get; } =
    [
        new("rolling", "two APIs and four fleets are replaced by new processes under load", RollingDrill.RunAsync),
        new("database", "PostgreSQL's primary is moved, then its machine lost, under load", DatabaseDrill.RunAsync),
        new("vip", "the address of two proxies moves: cable, keepalived, HAProxy", VipDrill.RunAsync),
        new("rabbitmq", "RabbitMQ loses one of three nodes, then the leader, under load", RabbitDrill.RunAsync),
        new("region", "one of two regions is lost under load, and the other takes its orders over", Regions.RegionDrill.RunAsync),
    ];

    /// <summary>Runs one drill, or <c>all</c> one after the other. Returns 0 when every figure holds, else 1.</summary>
    public static async Task<int> RunAsync(string name, CancellationToken cancel)
    {
        var holds = true;
        foreach (var drill in All.Where(d => name == "all" || d.Name == name))
        {
            AnsiConsole.WriteLine($"{drill.Name}: {drill.Summary}");
            var figures = await drill.Run(cancel);
            var table = new Table().AddColumns("what", "measured", "asked", "");
            foreach (var figure in figures)
            {
                table.AddRow(figure.What.EscapeMarkup(), figure.Measured.EscapeMarkup(), figure.Asked.EscapeMarkup(), figure.Holds ? "holds" : "does not hold");
                holds &= figure.Holds;
            }

            AnsiConsole.Write(table);
        }

        return holds ? 0 : 1;
    }
}
