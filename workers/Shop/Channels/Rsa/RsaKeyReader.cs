using System.Security.Cryptography;

namespace CardShop.Shop.Channels.Rsa;

/// <summary>
/// Reads keys in the forms in which providers hand them out: PEM (PKCS#8, PKCS#1, SubjectPublicKeyInfo) and the
/// bare Base64 of the same that Alipay's key tool and console show.
/// </summary>
public static class RsaKeyReader
{
    private const int MinimumBits = 2048;

    /// <summary>Reads a key from a file or from inline text; exactly one of them must be given.</summary>
    /// <param name="setting">Path of the inline setting; the file's is the same with <c>File</c> after it.</param>
    public static RsaKey Read(string setting, string? inline, string? file, bool withPrivateKey)
    {
        var (text, source) = SettingText.Read(setting, inline, file);
        return Parse(source, text, withPrivateKey);
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
