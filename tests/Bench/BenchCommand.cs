using CardShop.Local.Instance;
using CardShop.Tests.Bench.Machine;
using CardShop.Tests.Bench.Report;

namespace CardShop.Tests.Bench;

/// <summary>A run: the benches that were asked for, and what is left of it on the screen and in files.</summary>
internal static class BenchCommand
{
    /// <param name="json">A file for the results; none when null.</param>
    /// <param name="report">A folder for the report; the usual one when null.</param>
    /// <returns>0, or 1 where a bench failed.</returns>
    public static async Task<int> RunAsync(BenchOptions options, string? json, string? report, CancellationToken cancellation)
    {
        var folder = FolderOf(report, options.What);
        var sections = await Benches.RunAsync(options, s => folder?.WriteAsync(s, cancellation) ?? Task.CompletedTask, cancellation);
        IReadOnlyList<BenchResult> results = [.. sections.SelectMany(s => s.Results)];
        BenchReport.Print(results);
        if (json is not null)
        {
            await BenchReport.SaveAsync(results, json, cancellation);
        }

        if (folder is not null)
        {
            await Console.Error.WriteLineAsync("report: " + folder.TextFile);
        }

        foreach (var section in sections.Where(s => s.Failure is not null))
        {
            await Console.Error.WriteLineAsync($"error: {section.Bench}: {section.Failure!.Split('\n')[0]}");
        }

        return sections.Any(s => s.Failure is not null) ? 1 : 0;
    }

    private static ReportFolder? FolderOf(string? named, string wanted)
    {
        var usual = wanted switch
        {
            "all" => "bench",
            "soak" => Path.Combine("bench", "soak"),
            _ => null,
        };
        var folder = named ?? (usual is null ? null : Path.Combine(InstanceLayout.Around(AppContext.BaseDirectory).Root, "artifacts", usual));
        return folder is null
            ? null
            : new(folder, new(MachineFacts.Lines(), MachineFacts.Commit, MachineFacts.Load, DateTimeOffset.UtcNow, Benches.Of(wanted)));
    }
}
