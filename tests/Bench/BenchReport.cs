using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Spectre.Console;

namespace CardShop.Tests.Bench;

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
                result.Name, Number(result.Value), result.Unit,
                result.Limit > 0 ? Number(result.Limit) : "-", result.Limit > 0 ? Number(result.Ratio) : "-");
        }

        AnsiConsole.Write(table);
    }

    public static async Task SaveAsync(IReadOnlyList<BenchResult> results, string file, CancellationToken cancellation)
    {
        await using var stream = File.Create(file);
        await JsonSerializer.SerializeAsync(stream, results, ReportJson.Default.IReadOnlyListBenchResult, cancellation);
    }

    /// <summary>Three significant digits below 100, whole numbers above.</summary>
    private static string Number(double value) => value switch
    {
        >= 100 => value.ToString("N0", CultureInfo.InvariantCulture),
        >= 10 => value.ToString("0.0", CultureInfo.InvariantCulture),
        >= 1 => value.ToString("0.00", CultureInfo.InvariantCulture),
        _ => value.ToString("0.000", CultureInfo.InvariantCulture),
    };
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(IReadOnlyList<BenchResult>))]
internal sealed partial class ReportJson : JsonSerializerContext;
