using System.Globalization;

namespace CardShop.Shop.Operators;

/// <summary>How much operators may do alone, and when.</summary>
/// <param name="RefundLimit">Fen of one order; above it a refund takes two operators.</param>
public sealed record OperatorSettings(ChangeWindows Windows, long RefundLimit)
{
    public const string WindowsName = "Operators__ChangeWindows";
    public const string RefundLimitName = "Operators__RefundLimit";
    private const long UsualRefundLimit = 50_000;

    public static OperatorSettings Default { get; } = new(ChangeWindows.None, UsualRefundLimit);

    /// <param name="variable">A setting by its name with two underscores; null where it is not set.</param>
    /// <exception cref="FormatException">Which setting is wrong, and how it is written.</exception>
    public static OperatorSettings From(Func<string, string?> variable) => new(
        Named(WindowsName, () => ChangeWindows.Parse(variable(WindowsName))),
        Named(RefundLimitName, () => LimitOf(variable(RefundLimitName))));

    private static T Named<T>(string setting, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (FormatException e)
        {
            throw new FormatException($"Setting {setting}: {e.Message}", e);
        }
    }

    private static long LimitOf(string? text) => text is not { Length: > 0 }
        ? UsualRefundLimit
        : long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var limit)
            ? limit
            : throw new FormatException("it must be a whole number of fen, 0 or more");
}
