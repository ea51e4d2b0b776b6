using System.Numerics;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using CardShop.Shop.Channels.Rsa;

namespace CardShop.Shop.Channels.UnionPay;

/// <summary>Reads a profile's keys and certificates, from files or from the settings themselves.</summary>
internal static class UnionPayCredentials
{
    private const int MaximumFileBytes = 64 * 1024;
    private const int MinimumBits = 2048;

    /// <summary>The merchant's private key and its certId, from PEM or from a PFX file.</summary>
    public static (RsaKey Key, string CertificateId) LoadMerchant(
        UnionPayProfileOptions options, Func<string, string> path)
    {
        if (!string.IsNullOrWhiteSpace(options.PfxFile))
        {
            return Has(options.PrivateKey) || Has(options.PrivateKeyFile)
                ? throw new ChannelSettingsException(
                    path("PfxFile"), "both a PFX file and a PEM key are set; keep one of them")
                : LoadPfx(options, path);
        }

        var key = RsaKeyReader.Read(
            path("PrivateKey"), options.PrivateKey, options.PrivateKeyFile, withPrivateKey: true);
        if (Has(options.CertificateId))
        {
            return BigInteger.TryParse(options.CertificateId, out _) && options.CertificateId!.All(char.IsAsciiDigit)
                ? (key, options.CertificateId)
                : throw new ChannelSettingsException(
                    path("CertificateId"), "set the serial number of the merchant's certificate in decimal digits");
        }

        using var certificate = LoadCertificates(
            path("Certificate"), options.Certificate, options.CertificateFile, needed: true)[0];
        using var rsa = certificate.GetRSAPublicKey();
        return rsa is not null && new RsaKey(rsa, withPrivateKey: false).Fingerprint == key.Fingerprint
            ? (key, UnionPayTrust.SerialOf(certificate))
            : throw new ChannelSettingsException(
                path("CertificateFile"), "the certificate does not belong to the private key; give the pair");
    }

    /// <summary>All certificates of a PEM text. Empty only where none is needed and none is set.</summary>
    public static X509Certificate2Collection LoadCertificates(string setting, string? inline, string? file, bool needed)
    {
        if (Has(inline) && Has(file))
        {
            throw new ChannelSettingsException(
                setting + "File", "both the file and the inline certificate are set; keep one of them");
        }

        var certificates = new X509Certificate2Collection();
        if (!Has(inline) && !Has(file))
        {
            return needed
                ? throw new ChannelSettingsException(
                    setting + "File", "no certificate is set; name a PEM file here, or give its text in the setting without \"File\"")
                : certificates;
        }

        var named = Has(file) ? setting + "File" : setting;
        try
        {
            certificates.ImportFromPem(Has(file) ? ReadText(named, file!) : inline);
        }
        catch (CryptographicException)
        {
            certificates.Clear();
        }

        return certificates.Count > 0
            ? certificates
            : throw new ChannelSettingsException(named, "there is no certificate in it; give PEM (BEGIN CERTIFICATE)");
    }

    private static (RsaKey Key, string CertificateId) LoadPfx(
        UnionPayProfileOptions options, Func<string, string> path)
    {
        if (Has(options.PfxPassword) && Has(options.PfxPasswordFile))
        {
            throw new ChannelSettingsException(
                path("PfxPasswordFile"), "both the file and the password itself are set; keep one of them");
        }

        var password = Has(options.PfxPasswordFile)
            ? ReadText(path("PfxPasswordFile"), options.PfxPasswordFile!).Trim()
            : options.PfxPassword;
        var bytes = Read(path("PfxFile"), options.PfxFile!, File.ReadAllBytes);
        try
        {
            using var certificate = X509CertificateLoader.LoadPkcs12(
                bytes, password, X509KeyStorageFlags.Exportable | X509KeyStorageFlags.EphemeralKeySet);
            using var rsa = certificate.GetRSAPrivateKey();
            return rsa is { KeySize: >= MinimumBits }
                ? (new RsaKey(rsa, withPrivateKey: true), UnionPayTrust.SerialOf(certificate))
                : throw new ChannelSettingsException(
                    path("PfxFile"), $"it holds no RSA private key of {MinimumBits} bits or more");
        }
        catch (CryptographicException)
        {
            // The cause stays out: it may tell about the password.
            throw new ChannelSettingsException(
                path("PfxFile"),
                "it cannot be opened; check the password. An old file (RC2) must be turned into PEM files: openssl pkcs12 -legacy");
        }
    }

    private static string ReadText(string setting, string path) => Read(setting, path, File.ReadAllText);

    private static T Read<T>(string setting, string path, Func<string, T> read)
    {
        try
        {
            var info = new FileInfo(path);
            return info.Exists && info.Length > MaximumFileBytes
                ? throw new ChannelSettingsException(setting, "the file is far too large; check the path")
                : read(path);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            throw new ChannelSettingsException(
                setting, "the file cannot be read; check that it exists and that this user may read it", failure);
        }
    }

    private static bool Has(string? text) => !string.IsNullOrWhiteSpace(text);
}
