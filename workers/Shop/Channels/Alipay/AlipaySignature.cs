using System.Text;
using CardShop.Shop.Channels.Rsa;

namespace CardShop.Shop.Channels.Alipay;

/// <summary>RSA2: what is signed, and how. Public: the sandbox signs and verifies by the same rules.</summary>
public static class AlipaySignature
{
    private static readonly string[] NotSignedInRequests = ["sign"];
    private static readonly string[] NotSignedInNotifications = ["sign", "sign_type"];

    /// <summary>The text that a request's signature covers: all but <c>sign</c>, no empty values, by name.</summary>
    public static string OfRequest(IReadOnlyDictionary<string, string> parameters) =>
        Join(parameters, NotSignedInRequests, keepEmpty: false);

    /// <summary>
    /// The text that a notification's signature covers: all but <c>sign</c> and <c>sign_type</c>, unknown fields too.
    /// </summary>
    /// <param name="keepEmpty">The provider's own kits disagree on fields without a value; both ways occur.</param>
    public static string OfNotification(IReadOnlyDictionary<string, string> parameters, bool keepEmpty = false) =>
        Join(parameters, NotSignedInNotifications, keepEmpty);

    public static string Sign(RsaKey key, string text) =>
        Convert.ToBase64String(key.Sign(Encoding.UTF8.GetBytes(text)));

    public static bool Verify(RsaKey key, string text, string? signature) =>
        Verify(key, Encoding.UTF8.GetBytes(text), signature);

    /// <summary>False as well for a signature that is missing or no Base64.</summary>
    public static bool Verify(RsaKey key, ReadOnlySpan<byte> bytes, string? signature)
    {
        if (string.IsNullOrEmpty(signature))
        {
            return false;
        }

        Span<byte> raw = stackalloc byte[1024];
        return Convert.TryFromBase64String(signature, raw, out var length) && key.Verify(bytes, raw[..length]);
    }

    private static string Join(IReadOnlyDictionary<string, string> parameters, string[] without, bool keepEmpty) =>
        string.Join('&', parameters
            .Where(one => (keepEmpty || one.Value.Length > 0) && !without.Contains(one.Key))
            .OrderBy(one => one.Key, StringComparer.Ordinal)
            .Select(one => one.Key + "=" + one.Value));
}
