using System.Text;

namespace CardShop.Telemetry;

/// <summary>
/// Names as Prometheus wants them, from those that instruments have: <c>cardshop.batch.duration</c> in <c>s</c> becomes
/// <c>cardshop_batch_duration_seconds</c>. The rules are those of OpenTelemetry's specification for Prometheus.
/// </summary>
public static class PrometheusName
{
    /// <param name="unit">UCUM, as instruments say it; <c>{order}</c> and its like are annotations and leave no trace.</param>
    /// <param name="isCounter">It only rises: its name ends in <c>_total</c>.</param>
    public static string Of(string name, string? unit, bool isCounter)
    {
        var text = new StringBuilder(Clean(name, ':'));
        if (Unit(unit, isCounter) is { } suffix && !text.ToString().EndsWith("_" + suffix, StringComparison.Ordinal))
        {
            text.Append('_').Append(suffix);
        }

        if (isCounter && !text.ToString().EndsWith("_total", StringComparison.Ordinal))
        {
            text.Append("_total");
        }

        return text.ToString();
    }

    /// <summary>A label's name: letters, digits and underscores.</summary>
    public static string Label(string name) => Clean(name, '_');

    private static string Clean(string name, char alsoAllowed)
    {
        var text = new StringBuilder(name.Length + 1);
        foreach (var c in name)
        {
            text.Append(char.IsAsciiLetterOrDigit(c) || c == '_' || c == alsoAllowed ? c : '_');
        }

        if (text.Length == 0 || char.IsAsciiDigit(text[0]))
        {
            text.Insert(0, '_');
        }

        return text.ToString();
    }

    private static string? Unit(string? unit, bool isCounter) => unit switch
    {
        null or "" => null,
        ['{', ..] => null,
        "s" => "seconds",
        "ms" => "milliseconds",
        "By" => "bytes",
        "1" => isCounter ? null : "ratio",
        "%" => "percent",
        _ => Clean(unit, '_'),
    };
}
