using System.CommandLine.Parsing;
using System.Text.RegularExpressions;

namespace CardShop.Shopctl.Terminal;

/// <summary>What the parser says about a mistyped value, in words of operators instead of names of .NET types.</summary>
public static partial class ParseErrors
{
    /// <summary>The same, with the name of an argument that is missing.</summary>
    public static string Plain(ParseError error) =>
        error.SymbolResult is ArgumentResult { Argument: var argument, Parent: CommandResult, Tokens.Count: 0 }
            ? $"Missing: <{argument.HelpName ?? argument.Name}>."
            : Plain(error.Message);

    /// <param name="message">As the parser made it.</param>
    public static string Plain(string message) =>
        TypeClause().Replace(message, match => "; it must be " + Expected(match.Groups["type"].Value) + ".");

    private static string Expected(string type) =>
        Named(type, "Int16", "Int32", "Int64", "Byte", "UInt16", "UInt32", "UInt64") ? "a whole number"
        : Named(type, "Double", "Single", "Decimal") ? "a number"
        : Named(type, "DateTimeOffset", "DateTime") ? "a time such as 2026-03-05T14:00:00Z"
        : Named(type, "DateOnly") ? "a day such as 2026-03-05"
        : Named(type, "TimeSpan") ? "a duration such as 00:05:00"
        : Named(type, "Guid") ? "an id such as 00000000-0000-0000-0000-000000000001"
        : Named(type, "Uri") ? "an address such as http://127.0.0.1:8080"
        : Named(type, "Boolean") ? "true or false"
        : "another value: see --help";

    private static bool Named(string type, params ReadOnlySpan<string> names)
    {
        foreach (var name in names)
        {
            if (type.Contains("System." + name, StringComparison.Ordinal))
            {
                return true;
            }
        }

        return false;
    }

    [GeneratedRegex(@" as expected type '(?<type>[^']*)'\.?")]
    private static partial Regex TypeClause();
}
