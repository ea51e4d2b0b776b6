using System.Collections.Concurrent;
using System.Globalization;
using System.Numerics;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using CardShop.Shop.Channels.Rsa;

namespace CardShop.Shop.Channels.UnionPay;

/// <summary>UnionPay's key as one of its messages carried it, proved to be UnionPay's.</summary>
/// <param name="Serial">The certificate's serial number in decimal digits.</param>
internal sealed record UnionPaySigner(RsaKey Key, string Serial);

/// <summary>
/// Whether a certificate that came with a message is UnionPay's: it names UnionPay, and a chain over the configured
/// middle certificates to the configured root holds at the given time. Nothing is fetched and no other root counts.
/// Revocation is not asked about: verifying makes no call.
/// </summary>
internal sealed class UnionPayTrust(
    X509Certificate2Collection roots, X509Certificate2Collection middles, string name)
{
    private const int LongestPem = 8 * 1024;
    private const int MaxKnown = 16;
    private const int MinimumBits = 2048;
    private const string CommonName = "2.5.4.3";

    // Proved before: the provider signs for years with the same one, and a chain costs more than a signature.
    private readonly ConcurrentDictionary<string, Proved> _known = new(StringComparer.Ordinal);

    /// <param name="pem">The field signPubKeyCert.</param>
    /// <param name="fault">Why there is no signer; safe to log.</param>
    public UnionPaySigner? Check(string? pem, DateTimeOffset at, out string fault)
    {
        fault = "";
        if (pem is null || pem.Length > LongestPem)
        {
            fault = "signPubKeyCert is missing or too long";
            return null;
        }

        if (!_known.TryGetValue(pem, out var proved))
        {
            proved = Prove(pem, at, out fault);
            if (proved is null)
            {
                return null;
            }

            if (_known.Count >= MaxKnown)
            {
                _known.Clear();
            }

            _known[pem] = proved;
        }

        if (at >= proved.From && at <= proved.Until)
        {
            return proved.Signer;
        }

        fault = "the certificate is not valid at this time";
        return null;
    }

    private Proved? Prove(string pem, DateTimeOffset at, out string fault)
    {
        try
        {
            using var certificate = X509Certificate2.CreateFromPem(pem);
            if (!IsNamed(certificate))
            {
                fault = "the certificate does not name UnionPay";
                return null;
            }

            using var rsa = certificate.GetRSAPublicKey();
            if (rsa is null || rsa.KeySize < MinimumBits)
            {
                fault = "the certificate has no RSA key of sufficient length";
                return null;
            }

            using var chain = ChainAt(at);
            var holds = chain.Build(certificate);
            fault = holds ? "" : "the certificate's chain does not hold: " + Faults(chain);
            return !holds ? null : new Proved(
                new UnionPaySigner(new RsaKey(rsa, withPrivateKey: false), SerialOf(certificate)),
                chain.ChainElements.Max(one => Utc(one.Certificate.NotBefore)),
                chain.ChainElements.Min(one => Utc(one.Certificate.NotAfter)));
        }
        catch (Exception failure) when (failure is CryptographicException or ArgumentException)
        {
            fault = "signPubKeyCert is no certificate";
            return null;
        }
    }

    /// <summary>A certificate's serial number as UnionPay writes it: decimal digits.</summary>
    public static string SerialOf(X509Certificate2 certificate) =>
        new BigInteger(certificate.SerialNumberBytes.Span, isUnsigned: true, isBigEndian: true)
            .ToString(CultureInfo.InvariantCulture);

    private bool IsNamed(X509Certificate2 certificate)
    {
        var names = certificate.SubjectName.EnumerateRelativeDistinguishedNames()
            .Where(one => !one.HasMultipleElements && one.GetSingleElementType().Value == CommonName)
            .Select(one => one.GetSingleElementValue())
            .ToList();
        return names is [{ } only] && (only == name || (only.Split('@') is [_, _, var third, ..] && third == name));
    }

    private X509Chain ChainAt(DateTimeOffset at)
    {
        var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(roots);
        chain.ChainPolicy.ExtraStore.AddRange(middles);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        chain.ChainPolicy.VerificationTime = at.UtcDateTime;
        chain.ChainPolicy.VerificationTimeIgnored = false;
        return chain;
    }

    private static string Faults(X509Chain chain) =>
        string.Join(", ", chain.ChainStatus.Select(one => one.Status.ToString()).Distinct());

    private static DateTimeOffset Utc(DateTime local) => new(local.ToUniversalTime());

    private sealed record Proved(UnionPaySigner Signer, DateTimeOffset From, DateTimeOffset Until);
}
