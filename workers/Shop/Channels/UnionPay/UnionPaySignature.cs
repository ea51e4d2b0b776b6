using System.Security.Cryptography;
using System.Text;
using CardShop.Shop.Channels.Rsa;

namespace CardShop.Shop.Channels.UnionPay;

/// <summary>
/// ACP 5.1.0, signMethod 01: what is signed, and how. The text is hashed twice: RSA signs the hexadecimal digits of its
/// SHA-256, which RSA with SHA-256 hashes again. Public: the sandbox signs and verifies by the same rules.
/// </summary>
public static class UnionPaySignature
{
    /// <summary>The text that a signature covers: all but <c>signature</c>, by name, values as they are.</summary>
    /// <param name="keepEmpty">Fields without a value are left out of requests; the provider's kits differ on answers.</param>
    public static string TextOf(IReadOnlyDictionary<string, string> fields, bool keepEmpty = false) =>
        string.Join('&', fields
            .Where(one => (keepEmpty || one.Value.Length > 0) && one.Key != "signature")
            .OrderBy(one => one.Key, StringComparer.Ordinal)
            .Select(one => one.Key + "=" + one.Value));

    /// <summary>The 64 lower-case hexadecimal digits that are signed.</summary>
    public static string Digest(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    public static string Sign(RsaKey key, string text) =>
        Convert.ToBase64String(key.Sign(Encoding.ASCII.GetBytes(Digest(text))));

    /// <summary>False as well for a signature that is missing or no Base64.</summary>
    public static bool Verify(RsaKey key, string text, string? signature)
    {
        if (string.IsNullOrEmpty(signature))
        {
            return false;
        }

        Span<byte> raw = stackalloc byte[1024];
        return Convert.TryFromBase64String(signature, raw, out var length)
            && key.Verify(Encoding.ASCII.GetBytes(Digest(text)), raw[..length]);
    }

    /// <summary>Whether the fields carry a fitting signature, with their empty values or without.</summary>
    public static bool IsSigned(RsaKey key, IReadOnlyDictionary<string, string> fields)
    {
        var signature = fields.GetValueOrDefault("signature");
        return Verify(key, TextOf(fields), signature)
            || (fields.Values.Contains("") && Verify(key, TextOf(fields, keepEmpty: true), signature));
    }
}
