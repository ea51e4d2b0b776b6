using System.Security.Cryptography;

namespace CardShop.Shop.Channels.Rsa;

/// <summary>
/// Reads keys in the forms in which providers hand them out: PEM (PKCS#8, PKCS#1, SubjectPublicKeyInfo) and the
/// bare Base64 of the same that Alipay's key tool and console show.
/// </summary>
public static class RsaKeyReader
{
    private const int MinimumBits = 2048;
    private const int MaximumFileBytes = 64 * 1024;

    /// <summary>Reads a key from a file or from inline text; exactly one of them must be given.</summary>
    /// <param name="setting">Path of the inline setting; the file's is the same with <c>File</c> after it.</param>
    public static RsaKey Read(string setting, string? inline, string? file, bool withPrivateKey)
    {
        var hasInline = !string.IsNullOrWhiteSpace(inline);
        var hasFile = !string.IsNullOrWhiteSpace(file);
        if (hasInline == hasFile)
        {
            throw new ChannelSettingsException(
                setting + "File",
                hasInline
                    ? "both the file and the inline key are set; keep one of them"
                    : "no key is set; name a PEM file here, or give the key itself in the setting without \"File\"");
        }

        return hasFile
            ? Parse(setting + "File", ReadFile(setting + "File", file!), withPrivateKey)
            : Parse(setting, inline!, withPrivateKey);
    }

    /// <summary>Parses key text. Throws <see cref="ChannelSettingsException"/>, which never shows the text.</summary>
    public static RsaKey Parse(string setting, string text, bool withPrivateKey)
    {
        using var rsa = RSA.Create();
        RsaKey key;
        try
        {
            Import(rsa, text.Trim(), withPrivateKey);
            key = new RsaKey(rsa, withPrivateKey);
        }
        catch (Exception failure) when (failure is CryptographicException or ArgumentException or FormatException)
        {
            // The cause stays out: a parser's message may quote what it read.
            throw new ChannelSettingsException(setting, withPrivateKey
                ? "this is not an unencrypted RSA private key; give PEM (PKCS#8 or PKCS#1) or its bare Base64"
                : "this is not an RSA public key; give PEM or its bare Base64, as the provider's console shows it");
        }

        if (key.SizeInBits < MinimumBits)
        {
            throw new ChannelSettingsException(
                setting, $"the key has fewer than {MinimumBits} bits; use a longer one");
        }

        return key;
    }

    private static string ReadFile(string setting, string path)
    {
        try
        {
            var info = new FileInfo(path);
            if (info.Exists && info.Length > MaximumFileBytes)
            {
                throw new ChannelSettingsException(setting, "the file is far too large for a key; check the path");
            }

            return File.ReadAllText(path);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            throw new ChannelSettingsException(
                setting, "the key file cannot be read; check that it exists and that this user may read it", failure);
        }
    }

    private static void Import(RSA rsa, string text, bool withPrivateKey)
    {
        if (text.Contains("-----BEGIN", StringComparison.Ordinal))
        {
            if (!withPrivateKey && text.Contains("PRIVATE KEY-----", StringComparison.Ordinal))
            {
                throw new CryptographicException();
            }

            rsa.ImportFromPem(text);
            return;
        }

        var bytes = Convert.FromBase64String(text);
        if (!withPrivateKey)
        {
            rsa.ImportSubjectPublicKeyInfo(bytes, out _);
            return;
        }

        try
        {
            rsa.ImportPkcs8PrivateKey(bytes, out _);
        }
        catch (CryptographicException)
        {
            rsa.ImportRSAPrivateKey(bytes, out _);
        }
    }
}
