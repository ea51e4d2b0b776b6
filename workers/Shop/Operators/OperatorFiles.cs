using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace CardShop.Shop.Operators;

/// <summary>
/// Operators as files of the secrets folder: <c>operator-NAME.sha256</c> with <c>SHA256HEX ROLE</c>, the SHA-256 of the
/// operator's bearer key as UTF-8. The key itself is kept by its operator alone. A file without a role is of an older
/// version: it counts as an operator, and holds the SHA-256 of the bytes that the key's 64 hex digits stand for.
/// </summary>
public static partial class OperatorFiles
{
    private const string Prefix = "operator-";
    private const string Suffix = ".sha256";
    private const int KeyBytes = 32;

    /// <summary>The longest bearer key that is looked at.</summary>
    public const int MaxKeyLength = 256;

    /// <summary>True for what can name an operator.</summary>
    public static bool IsName(string? name) => name is not null && name != Operator.Unknown && NamePattern().IsMatch(name);

    public static string PathOf(string folder, string name) => Path.Combine(folder, Prefix + name + Suffix);

    /// <summary>The names of all operators that the folder has a file of, in order.</summary>
    public static IReadOnlyList<string> Names(string folder) => !Directory.Exists(folder)
        ? []
        : [.. Directory.EnumerateFiles(folder, Prefix + "*" + Suffix)
            .Select(f => Path.GetFileName(f)[Prefix.Length..^Suffix.Length]).Where(IsName).Order(StringComparer.Ordinal)];

    /// <summary>A key nobody has: 64 hex digits.</summary>
    public static string NewKey() => RandomNumberGenerator.GetHexString(KeyBytes * 2, lowercase: true);

    /// <summary>Notes a new operator. False where there is one of this name.</summary>
    public static bool TryAdd(string folder, string name, OperatorRole role, string key) =>
        OnceFile.TryCreate(PathOf(folder, name), $"{Convert.ToHexStringLower(HashOf(key))} {Operator.NameOf(role)}\n");

    /// <summary>Gives an operator another role; the key stays. False where there is none of this name.</summary>
    public static bool SetRole(string folder, string name, OperatorRole role)
    {
        var path = PathOf(folder, name);
        if (!File.Exists(path) || Parse(File.ReadAllText(path)) is not { } kept)
        {
            return false;
        }

        // A file of an older version goes on holding the hash of bytes, which its new role must not hide.
        var aside = $"{path}.{RandomNumberGenerator.GetHexString(8, lowercase: true)}";
        OnceFile.TryCreate(
            aside, $"{Convert.ToHexStringLower(kept.Hash)} {Operator.NameOf(role)}{(kept.OfBytes ? " " + BytesMark : "")}\n");
        File.Move(aside, path, overwrite: true);
        return true;
    }

    /// <summary>The operator's key is refused from now on. False where there is none of this name.</summary>
    public static bool Remove(string folder, string name)
    {
        var was = File.Exists(PathOf(folder, name));
        File.Delete(PathOf(folder, name));
        return was;
    }

    /// <summary>What a file says; null where it says nothing that can be understood.</summary>
    internal static StoredOperator? Parse(string text)
    {
        var words = text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        if (words.Length is 0 or > 3 || words[0].Length != SHA256.HashSizeInBytes * 2 || !words[0].All(char.IsAsciiHexDigit)
            || (words.Length == 3 && words[2] != BytesMark))
        {
            return null;
        }

        var hash = Convert.FromHexString(words[0]);
        return words.Length == 1 ? new(hash, OperatorRole.Operator, true)
            : Operator.RoleOf(words[1]) is { } role ? new(hash, role, words.Length == 3)
            : null;
    }

    internal static byte[] HashOf(string key) => SHA256.HashData(Encoding.UTF8.GetBytes(key));

    /// <summary>The hash that older versions kept; null where the key is none of theirs.</summary>
    internal static byte[]? HashOfBytes(string key) => key.Length == KeyBytes * 2 && key.All(char.IsAsciiHexDigit)
        ? SHA256.HashData(Convert.FromHexString(key))
        : null;

    private const string BytesMark = "bytes";

    [GeneratedRegex(@"\A[a-z][a-z0-9.-]{1,31}\z")]
    private static partial Regex NamePattern();
}

/// <summary>One operator's file.</summary>
/// <param name="OfBytes">The hash is of the bytes that the key's digits stand for.</param>
internal sealed record StoredOperator(byte[] Hash, OperatorRole Role, bool OfBytes);
