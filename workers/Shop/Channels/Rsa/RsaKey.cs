using System.Collections.Concurrent;
using System.Security.Cryptography;

namespace CardShop.Shop.Channels.Rsa;

/// <summary>
/// One RSA key, for any number of threads at once: SHA-256, PKCS#1 v1.5, as all three providers use it.
/// Instances of <see cref="RSA"/> are not promised to be thread-safe, and importing a key costs as much as a
/// verification, so idle instances are kept and each is used by one caller at a time.
/// </summary>
public sealed class RsaKey
{
    private readonly ConcurrentQueue<RSA> _idle = new();
    private readonly RSAParameters _parameters;
    private readonly int _keep = Environment.ProcessorCount * 2;

    /// <summary>Takes the key out of <paramref name="source"/>, which stays the caller's.</summary>
    public RsaKey(RSA source, bool withPrivateKey)
    {
        _parameters = source.ExportParameters(withPrivateKey);
        HasPrivateKey = withPrivateKey;
        SizeInBits = source.KeySize;
        Fingerprint = Convert.ToHexStringLower(SHA256.HashData(source.ExportSubjectPublicKeyInfo()).AsSpan(0, 8));
    }

    public bool HasPrivateKey { get; }

    public int SizeInBits { get; }

    /// <summary>The first 16 hex digits of SHA-256 over the public key: names the key in records and logs.</summary>
    public string Fingerprint { get; }

    public byte[] Sign(ReadOnlySpan<byte> data)
    {
        var rsa = Rent();
        var signature = rsa.SignData(data, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        Return(rsa);
        return signature;
    }

    /// <summary>False for any signature that does not fit, of whatever length or form.</summary>
    public bool Verify(ReadOnlySpan<byte> data, ReadOnlySpan<byte> signature)
    {
        if (signature.Length != (SizeInBits + 7) / 8)
        {
            return false;
        }

        var rsa = Rent();
        var genuine = rsa.VerifyData(data, signature, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        Return(rsa);
        return genuine;
    }

    private RSA Rent() => _idle.TryDequeue(out var rsa) ? rsa : RSA.Create(_parameters);

    private void Return(RSA rsa)
    {
        if (_idle.Count < _keep)
        {
            _idle.Enqueue(rsa);
        }
        else
        {
            rsa.Dispose();
        }
    }
}
