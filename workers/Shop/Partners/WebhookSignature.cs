using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace CardShop.Shop.Partners;

/// <summary>
/// Standard Webhooks: HMAC-SHA-256 over <c>id.timestamp.payload</c>, Base64 behind <c>v1,</c>; a signature for each valid
/// secret, so that a secret can be changed without a gap.
/// </summary>
public static class WebhookSignature
{
    public const string SecretPrefix = "whsec_";
    public const string IdHeader = "webhook-id";
    public const string TimestampHeader = "webhook-timestamp";
    public const string SignatureHeader = "webhook-signature";

    /// <summary>The value of <c>webhook-signature</c>.</summary>
    /// <param name="secrets">The newest first.</param>
    /// <param name="timestamp">Seconds since 1970.</param>
    public static string Of(IReadOnlyList<byte[]> secrets, string id, long timestamp, ReadOnlySpan<byte> payload)
    {
        var head = Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{id}.{timestamp}."));
        var content = new byte[head.Length + payload.Length];
        head.CopyTo(content, 0);
        payload.CopyTo(content.AsSpan(head.Length));
        return string.Join(' ', secrets.Select(s => "v1," + Convert.ToBase64String(HMACSHA256.HashData(s, content))));
    }

    /// <summary>The form in which a partner is given a secret.</summary>
    public static string Text(ReadOnlySpan<byte> secret) => SecretPrefix + Convert.ToBase64String(secret);

    /// <summary>The bytes of a secret as text, with or without prefix and padding. Throws <see cref="FormatException"/>.</summary>
    public static byte[] Parse(string secret)
    {
        var text = secret.StartsWith(SecretPrefix, StringComparison.Ordinal) ? secret[SecretPrefix.Length..] : secret;
        return Convert.FromBase64String(text.TrimEnd('=').PadRight((text.TrimEnd('=').Length + 3) / 4 * 4, '='));
    }
}
