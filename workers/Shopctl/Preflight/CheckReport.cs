using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using CardShop.Shopctl.Settings;
using CardShop.Shopctl.Terminal;

namespace CardShop.Shopctl.Preflight;

/// <summary>A report as JSON on standard output.</summary>
/// <param name="Ok">True where nothing failed.</param>
public sealed record CheckDocument(DateTimeOffset At, bool Ok, int ExitCode, double Seconds, IReadOnlyList<CheckRow> Checks);

/// <param name="Verdict">ok, info, warn, fail, unreachable or setting.</param>
public sealed record CheckRow(string Area, string Check, string Verdict, string Found, string? ToDo);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(CheckDocument))]
internal sealed partial class CheckJson : JsonSerializerContext;

/// <summary>Shows checks as a table or as JSON, and says what they come to.</summary>
public static class CheckReport
{
    /// <summary>The worst finding decides: 2 for settings, 3 for servers, 1 for anything else that failed.</summary>
    public static int ExitCode(IReadOnlyCollection<CheckResult> results) =>
        results.Any(r => r.Verdict == Verdict.Setting) ? ExitCodes.Usage
        : results.Any(r => r.Verdict == Verdict.Unreachable) ? ExitCodes.Unreachable
        : results.Any(r => r.Verdict == Verdict.Fail) ? ExitCodes.Failed
        : ExitCodes.Ok;

    /// <returns>The exit code.</returns>
    public static int Show(Session session, IReadOnlyList<CheckResult> results, TimeSpan took, bool json)
    {
        var code = ExitCode(results);
        if (json)
        {
            session.Screen.Line(JsonSerializer.Serialize(
                new CheckDocument(
                    session.Time.GetUtcNow(), code == ExitCodes.Ok, code, Math.Round(took.TotalSeconds, 3),
                    [.. results.Select(r => new CheckRow(r.Area, r.Check, Word(r.Verdict), r.Found, r.ToDo))]),
                CheckJson.Default.CheckDocument));
        }
        else
        {
            var table = Screen.Table("about", "check", "verdict", "found", "what to do");
            foreach (var result in results)
            {
                Screen.Row(table, result.Area, result.Check, Word(result.Verdict), result.Found, result.ToDo ?? string.Empty);
            }

            session.Screen.Show(table);
        }

        foreach (var result in results.Where(r => r.Verdict is Verdict.Setting or Verdict.Unreachable))
        {
            session.Screen.Error(result.Found);
        }

        session.Screen.Note(string.Create(
            CultureInfo.InvariantCulture,
            $"{results.Count(r => r.Verdict == Verdict.Ok)} ok, {results.Count(r => r.Verdict == Verdict.Info)} to know, " +
            $"{results.Count(r => r.Verdict == Verdict.Warn)} warnings, {results.Count(r => r.Verdict >= Verdict.Fail)} failed, " +
            $"{took.TotalSeconds:F1} s"));
        return code;
    }

    private static string Word(Verdict verdict) => JsonNamingPolicy.KebabCaseLower.ConvertName(verdict.ToString());
}
