using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using CardShop.Shop;
using CardShop.Shopctl.Settings;

namespace CardShop.Shopctl.Secrets;

/// <summary>
/// Operators and their key files. An operator holds a file with a name and 64 hex digits; the installation holds only the
/// SHA-256 of the digits, as <c>operator-NAME.sha256</c> among its secrets. Two operators are two such files.
/// </summary>
public static partial class OperatorKeys
{
    private const int Bytes = 32;

    /// <summary>Makes an operator's key file, mode 0600, and notes its hash.</summary>
    /// <exception cref="ShopctlException">The name is wrong or taken, or the file is there already.</exception>
    public static void Create(string directory, string name, string file)
    {
        if (!Name().IsMatch(name))
        {
            throw new ShopctlException(
                ExitCodes.Usage, "An operator's name is 2 to 32 lower-case letters, digits, dots and hyphens.");
        }

        if (File.Exists(HashFile(directory, name)))
        {
            throw new ShopctlException(
                ExitCodes.Failed, $"There is an operator {name} already. Remove {HashFile(directory, name)} to revoke its key.");
        }

        var key = RandomNumberGenerator.GetBytes(Bytes);
        try
        {
            using var writer = new StreamWriter(PrivateOutput.Create(file));
            writer.Write(string.Create(CultureInfo.InvariantCulture, $"{name} {Convert.ToHexStringLower(key)}\n"));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ShopctlException(ExitCodes.Usage, $"The key file cannot be created: {e.Message}", e);
        }

        OnceFile.TryCreate(HashFile(directory, name), Convert.ToHexStringLower(SHA256.HashData(key)) + "\n");
    }

    /// <returns>Whose file it is.</returns>
    /// <exception cref="ShopctlException">It is no key file of an operator of this installation.</exception>
    public static string Verify(string directory, string file)
    {
        try
        {
            var words = File.ReadAllText(file, Encoding.UTF8).Split(' ', StringSplitOptions.TrimEntries);
            if (words is [var name, var digits] && Name().IsMatch(name)
                && Convert.FromHexString(digits) is { Length: Bytes } key
                && File.Exists(HashFile(directory, name))
                && CryptographicOperations.FixedTimeEquals(
                    SHA256.HashData(key), Convert.FromHexString(File.ReadAllText(HashFile(directory, name)).Trim())))
            {
                return name;
            }
        }
        catch (FormatException)
        {
            // The same answer as for any other wrong file.
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ShopctlException(ExitCodes.Usage, $"The operator's key file cannot be read: {e.Message}", e);
        }

        throw new ShopctlException(
            ExitCodes.Failed,
            $"{file} is not the key file of an operator of this installation. 'shopctl secrets operator NAME FILE' makes one.");
    }

    /// <returns>The two names.</returns>
    /// <exception cref="ShopctlException">One file is wrong, or both belong to one operator.</exception>
    public static (string Operator, string Approver) VerifyTwo(string directory, string file, string approval)
    {
        var pair = (Operator: Verify(directory, file), Approver: Verify(directory, approval));
        return pair.Operator != pair.Approver
            ? pair
            : throw new ShopctlException(
                ExitCodes.Failed, $"Both key files belong to {pair.Operator}: somebody else has to approve.");
    }

    private static string HashFile(string directory, string name) =>
        Path.Combine(directory, $"operator-{name}.sha256");

    [GeneratedRegex("^[a-z][a-z0-9.-]{1,31}$", RegexOptions.CultureInvariant)]
    private static partial Regex Name();
}
