using System.Diagnostics;

namespace CardShop.Tests.Bench.Report;

/// <summary>The folder of a report: written anew after each bench, so that a run that is stopped leaves what it had.</summary>
internal sealed class ReportFolder
{
    private readonly string _folder;
    private readonly BenchOccasion _occasion;
    private readonly long _started = Stopwatch.GetTimestamp();

    /// <summary>Makes the folder: a report that cannot be written is said before anything is measured.</summary>
    public ReportFolder(string folder, BenchOccasion occasion)
    {
        _folder = Path.GetFullPath(folder);
        _occasion = occasion;
        Directory.CreateDirectory(_folder);
    }

    public string TextFile => Path.Combine(_folder, "report.md");

    public async Task WriteAsync(IReadOnlyList<BenchSection> sections, CancellationToken cancellation)
    {
        foreach (var picture in sections.SelectMany(s => s.Pictures))
        {
            await ReplaceAsync(picture.File, picture.Svg, cancellation);
        }

        await BenchReport.SaveAsync([.. sections.SelectMany(s => s.Results)], Path.Combine(_folder, "results.json"), cancellation);
        await ReplaceAsync(ReportText.Overview, FiguresPicture.Draw(_occasion, sections), cancellation);
        await ReplaceAsync(
            Path.GetFileName(TextFile), ReportText.Write(_occasion, sections, Stopwatch.GetElapsedTime(_started)), cancellation);
    }

    /// <summary>Whoever looks meanwhile sees the old one or the new one.</summary>
    private async Task ReplaceAsync(string name, string text, CancellationToken cancellation)
    {
        var file = Path.Combine(_folder, name);
        await File.WriteAllTextAsync(file + ".new", text, cancellation);
        File.Move(file + ".new", file, overwrite: true);
    }
}
