using System.CommandLine;
using System.Globalization;
using System.Security.Cryptography;
using CardShop.Shopctl.Settings;
using CardShop.Shopctl.Terminal;

namespace CardShop.Shopctl.Keys;

/// <summary><c>shopctl keys</c>: import, batches, void, export, rotate.</summary>
public static class KeysCommands
{
    public static Command Create(Session session) => new("keys", "Keys in stock.")
    {
        ImportCommand.Create(session),
        BatchesCommand.Create(session),
        VoidCommand.Create(session),
        ExportCommand.Create(session),
        RotateCommand.Create(session),
    };

    /// <summary>An id that nothing else has: the time, and 8 random bytes.</summary>
    public static string NewId(DateTimeOffset now) =>
        now.UtcDateTime.ToString("yyyyMMdd'T'HHmmssfff", CultureInfo.InvariantCulture) + "-"
        + RandomNumberGenerator.GetHexString(16, lowercase: true);

    internal static int Within(int value, int low, int high, string name) => value >= low && value <= high
        ? value
        : throw new ShopctlException(ExitCodes.Usage, $"{name} must be {low} to {high}.");
}
