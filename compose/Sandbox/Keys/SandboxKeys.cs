using System.Security.Cryptography;
using CardShop.Shop;
using CardShop.Shop.Channels.Rsa;

namespace CardShop.Sandbox.Keys;

/// <summary>
/// The key pairs of both sides, made on first start: the merchant's private key is for the shop, the provider's
/// public key too. Several processes may start at once: whoever creates a private key first decides, all others
/// read that one, and the public file is always derived from the private one.
/// </summary>
public static class SandboxKeys
{
    private const int Bits = 2048;

    /// <summary>Makes <c>{name}.private.pem</c> and <c>{name}.public.pem</c> if they are missing.</summary>
    /// <returns>The private key (PEM).</returns>
    public static RsaKey Ensure(string directory, string name)
    {
        Directory.CreateDirectory(directory);
        var privatePath = Path.Combine(directory, name + ".private.pem");
        if (!File.Exists(privatePath))
        {
            using var fresh = RSA.Create(Bits);
            OnceFile.TryCreate(privatePath, fresh.ExportPkcs8PrivateKeyPem() + "\n");
        }

        var pem = File.ReadAllText(privatePath);
        var key = RsaKeyReader.Parse(privatePath, pem, withPrivateKey: true);
        using var rsa = RSA.Create();
        rsa.ImportFromPem(pem);
        var publicPath = Path.Combine(directory, name + ".public.pem");
        var publicPem = rsa.ExportSubjectPublicKeyInfoPem() + "\n";
        if (!File.Exists(publicPath) || File.ReadAllText(publicPath) != publicPem)
        {
            var temporary = Temporary(publicPath);
            File.WriteAllText(temporary, publicPem);
            File.Move(temporary, publicPath, overwrite: true);
        }

        return key;
    }

    private static string Temporary(string path) => $"{path}.{Guid.NewGuid():N}.tmp";
}
