using System.Text.Json;
using System.Text.Json.Serialization;
using Spectre.Console;

namespace CardShop.Tests.Bench.Report;

/// <summary>What the benches came to: a table for people, a file for programs.</summary>
internal static class BenchReport
{
    public static void Print(IReadOnlyList<BenchResult> results)
    {
        var table = new Table().AddColumns("figure", "value", "unit", "raw limit", "ratio");
        for (var column = 1; column < 5; column++)
        {
            table.Columns[column].Alignment = column == 2 ? Justify.Left : Justify.Right;
        }

        foreach (var result in results)
        {
            table.AddRow(
                result.Name, Figures.Number(result.Value), result.Unit,
                result.Limit > 0 ? Figures.Number(result.Limit) : "-", result.Limit > 0 ? Figures.Number(result.Ratio) : "-");
        }

        AnsiConsole.Write(table);
    }

    public static async Task SaveAsync(IReadOnlyList<BenchResult> results, string file, CancellationToken cancellation)
    {
        await using var stream = File.Create(file);
        await JsonSerializer.SerializeAsync(stream, results, ReportJson.Default.IReadOnlyListBenchResult, cancellation);
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(IReadOnlyList<BenchResult>))]
internal sealed partial class ReportJson : JsonSerializerContext;
