using System.Globalization;
using System.Text.RegularExpressions;

namespace CardShop.Tests.Chaos.Drills.Machines;

/// <summary>What HAProxy's log (option httplog) says of the requests that it carried.</summary>
public static partial class HaproxyLog
{
    /// <summary>The lines of requests that it could not carry to a good answer: status 5xx, or none.</summary>
    public static IReadOnlyList<string> Failures(IEnumerable<string> lines) =>
        [.. lines.Where(l => Request().Match(l) is { Success: true } m && StatusOf(m) is >= 500 or < 100)];

    /// <summary>How many requests it carried.</summary>
    public static int Requests(IEnumerable<string> lines) => lines.Count(l => Request().IsMatch(l));

    /// <summary>How often it said that a server of its backend is up again.</summary>
    public static int Ups(IEnumerable<string> lines, string server) =>
        lines.Count(l => l.Contains($"Server {server} is UP", StringComparison.Ordinal));

    /// <summary>Every line of a log that grows meanwhile.</summary>
    public static IReadOnlyList<string> Read(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        using var reader = new StreamReader(file);
        return reader.ReadToEnd().Split('\n');
    }

    private static int StatusOf(Match match) => int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture);

    // … shop api/api-1 0/0/0/3/3 202 331 - - ---- …
    [GeneratedRegex(@" [^ ]+/[^ ]+ -?[0-9]+/-?[0-9]+/-?[0-9]+/-?[0-9]+/\+?-?[0-9]+ (-?[0-9]+) \+?[0-9]+ ")]
    private static partial Regex Request();
}
