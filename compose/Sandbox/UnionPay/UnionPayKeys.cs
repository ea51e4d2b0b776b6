using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using CardShop.Sandbox.Keys;
using CardShop.Shop;
using CardShop.Shop.Channels.Rsa;

namespace CardShop.Sandbox.UnionPay;

/// <summary>
/// The merchant's key, and UnionPay's chain: root, middle, and the certificate that it signs by. The chain is made whole
/// and put down in one file, with the signing key; whoever of several starters creates that first decides. The files
/// for the shop are derived from it. The keys of root and middle are nobody's afterwards.
/// </summary>
internal sealed class UnionPayKeys
{
    private const int Bits = 2048;
    private static readonly DateTimeOffset From = new(2020, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly DateTimeOffset Until = new(2070, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly Lazy<RsaKey> _forger = new(() =>
    {
        using var rsa = RSA.Create(Bits);
        return new RsaKey(rsa, withPrivateKey: true);
    });

    public UnionPayKeys(string directory, string certificateName)
    {
        Merchant = SandboxKeys.Ensure(directory, "unionpay-merchant");
        var path = Path.Combine(directory, "unionpay-provider.private.pem");
        if (!File.Exists(path))
        {
            OnceFile.TryCreate(path, MakeChain(certificateName));
        }

        var pem = File.ReadAllText(path);
        Provider = RsaKeyReader.Parse(path, pem, withPrivateKey: true);
        var chain = new X509Certificate2Collection();
        chain.ImportFromPem(pem);
        if (chain is not [var signer, var middle, var root]
            || !signer.Subject.Contains(certificateName, StringComparison.Ordinal))
        {
            throw new InvalidOperationException(
                $"{path} does not hold a chain that names {certificateName}; delete it and it is made anew");
        }

        // With CRLF, as UnionPay writes it: the line ends belong to what is signed.
        Certificate = signer.ExportCertificatePem().ReplaceLineEndings("\r\n");
        Derive(Path.Combine(directory, "unionpay-root.pem"), root.ExportCertificatePem() + "\n");
        Derive(Path.Combine(directory, "unionpay-middle.pem"), middle.ExportCertificatePem() + "\n");
    }

    public RsaKey Merchant { get; }

    public RsaKey Provider { get; }

    /// <summary>What stands in signPubKeyCert.</summary>
    public string Certificate { get; }

    /// <summary>Nobody's: for signatures that must be refused.</summary>
    public RsaKey Forger => _forger.Value;

    private static string MakeChain(string certificateName)
    {
        using var rootKey = RSA.Create(Bits);
        using var middleKey = RSA.Create(Bits);
        using var signerKey = RSA.Create(Bits);
        using var root = Authority("CN=CardShop Sandbox Root", rootKey).CreateSelfSigned(From, Until);
        using var bareMiddle = Authority("CN=CardShop Sandbox Middle", middleKey)
            .Create(root, From, Until, RandomNumberGenerator.GetBytes(8));
        using var middle = bareMiddle.CopyWithPrivateKey(middleKey);
        var request = Request($"CN=041@Sandbox@{certificateName}@00000001", signerKey);
        request.CertificateExtensions.Add(
            new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true));
        using var signer = request.Create(middle, From, Until, RandomNumberGenerator.GetBytes(8));
        return string.Join(
            '\n', signerKey.ExportPkcs8PrivateKeyPem(), signer.ExportCertificatePem(), middle.ExportCertificatePem(),
            root.ExportCertificatePem(), "");
    }

    private static CertificateRequest Authority(string subject, RSA key)
    {
        var request = Request(subject, key);
        request.CertificateExtensions.Add(
            new X509BasicConstraintsExtension(certificateAuthority: true, false, 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, critical: true));
        return request;
    }

    private static CertificateRequest Request(string subject, RSA key) =>
        new(subject, key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);

    private static void Derive(string path, string text)
    {
        if (File.Exists(path) && File.ReadAllText(path) == text)
        {
            return;
        }

        var temporary = $"{path}.{Guid.NewGuid():N}.tmp";
        File.WriteAllText(temporary, text);
        File.Move(temporary, path, overwrite: true);
    }
}
