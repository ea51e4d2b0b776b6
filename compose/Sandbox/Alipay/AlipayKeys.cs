using System.Security.Cryptography;
using CardShop.Sandbox.Keys;
using CardShop.Shop.Channels.Rsa;

namespace CardShop.Sandbox.Alipay;

/// <summary>Alipay's keys: the merchant's public one to verify by, the provider's private one to sign by.</summary>
internal sealed class AlipayKeys
{
    private readonly Lazy<RsaKey> _forger = new(() =>
    {
        using var rsa = RSA.Create(2048);
        return new RsaKey(rsa, withPrivateKey: true);
    });

    public AlipayKeys(string directory)
    {
        Merchant = SandboxKeys.Ensure(directory, "alipay-merchant");
        Provider = SandboxKeys.Ensure(directory, "alipay-provider");
    }

    public RsaKey Merchant { get; }

    public RsaKey Provider { get; }

    /// <summary>Nobody's: for signatures that must be refused.</summary>
    public RsaKey Forger => _forger.Value;
}
