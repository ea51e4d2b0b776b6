using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using CardShop.Shop.Channels.Rsa;

namespace CardShop.Shop.Channels.WeChat;

/// <summary>One key by which WeChat Pay signs, and the serial that names it in headers.</summary>
internal sealed record WeChatPlatformKey(string Serial, RsaKey Key)
{
    public const string PublicKeyPrefix = "PUB_KEY_ID_";
    private const string CertificateMark = "-----BEGIN CERTIFICATE-----";
    private const int SerialLimit = 128;

    /// <summary>It is a public key, which has an id, and not a certificate, which has a serial.</summary>
    public bool IsPublicKey => Serial.StartsWith(PublicKeyPrefix, StringComparison.Ordinal);

    public bool IsNamed(string serial) => Normal(Serial) == Normal(serial);

    /// <param name="setting">Path of the key's settings, without the last part.</param>
    public static WeChatPlatformKey Load(string setting, WeChatPlatformKeyOptions options)
    {
        var (text, source) = SettingText.Read(setting + ":Key", options.Key, options.KeyFile);
        var given = string.IsNullOrWhiteSpace(options.Serial) ? null : options.Serial.Trim();
        if (text.Contains(CertificateMark, StringComparison.Ordinal))
        {
            using var certificate = Certificate(source, text);
            var serial = certificate.SerialNumber;
            if (given is not null && Normal(given) != Normal(serial))
            {
                throw new ChannelSettingsException(
                    setting + ":Serial", "the certificate has another serial; leave this empty to take it from there");
            }

            using var rsa = certificate.GetRSAPublicKey()
                ?? throw new ChannelSettingsException(source, "the certificate has no RSA key");
            return new WeChatPlatformKey(given ?? serial, new RsaKey(rsa, withPrivateKey: false));
        }

        return given is { Length: <= SerialLimit } && given.All(one => char.IsAsciiLetterOrDigit(one) || one == '_')
            ? new WeChatPlatformKey(given, RsaKeyReader.Parse(source, text, withPrivateKey: false))
            : throw new ChannelSettingsException(
                setting + ":Serial", $"name the key: its id ({PublicKeyPrefix}…) or serial, as the console shows it");
    }

    /// <summary>The serial of a certificate, hex, upper case.</summary>
    public static string SerialOf(string setting, string text)
    {
        using var certificate = Certificate(setting, text);
        return certificate.SerialNumber;
    }

    private static X509Certificate2 Certificate(string setting, string text)
    {
        try
        {
            return X509Certificate2.CreateFromPem(text);
        }
        catch (CryptographicException)
        {
            throw new ChannelSettingsException(setting, "this is not a certificate in PEM");
        }
    }

    /// <summary>Hex serials are numbers: neither leading zeros nor the case tell them apart.</summary>
    private static string Normal(string serial) => serial.StartsWith(PublicKeyPrefix, StringComparison.Ordinal)
        ? serial
        : serial.TrimStart('0').ToUpperInvariant();
}
