using System.Security.Cryptography;
using System.Text;
using CardShop.Sandbox.Keys;
using CardShop.Shop;
using CardShop.Shop.Channels.Rsa;
using CardShop.Shop.Channels.WeChat;

namespace CardShop.Sandbox.WeChat;

/// <summary>
/// WeChat Pay's keys: the merchant's public one to verify by, the platform's private one to sign by, the APIv3 key to
/// encrypt by.
/// </summary>
internal sealed class WeChatKeys
{
    private const string Letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

    private readonly Lazy<RsaKey> _forger = new(() =>
    {
        using var rsa = RSA.Create(2048);
        return new RsaKey(rsa, withPrivateKey: true);
    });

    public WeChatKeys(string directory)
    {
        Merchant = SandboxKeys.Ensure(directory, "wechat-merchant");
        Platform = SandboxKeys.Ensure(directory, "wechat-platform");
        var path = Path.Combine(directory, "wechat-apiv3.key");
        OnceFile.TryCreate(path, RandomNumberGenerator.GetString(Letters, WeChatCipher.KeyBytes) + "\n");
        ApiV3 = Encoding.UTF8.GetBytes(File.ReadAllText(path).Trim());
        if (ApiV3.Length != WeChatCipher.KeyBytes)
        {
            throw new InvalidOperationException(
                $"'{path}' must hold {WeChatCipher.KeyBytes} characters; without the file a new key is made");
        }
    }

    public RsaKey Merchant { get; }

    public RsaKey Platform { get; }

    public byte[] ApiV3 { get; }

    /// <summary>Nobody's: for signatures that must be refused.</summary>
    public RsaKey Forger => _forger.Value;
}
