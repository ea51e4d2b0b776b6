using System.Globalization;
using System.Text;
using CardShop.Shop.Channels.Rsa;

namespace CardShop.Shop.Channels.WeChat;

/// <summary>
/// WECHATPAY2-SHA256-RSA2048: what is signed, and how. Public: the sandbox signs and verifies by the same rules.
/// </summary>
public static class WeChatSignature
{
    public const string Scheme = "WECHATPAY2-SHA256-RSA2048";

    /// <summary>So begin the signatures with which WeChat Pay tries whether a merchant verifies at all.</summary>
    public const string ProbePrefix = "WECHATPAY/SIGNTEST/";

    /// <summary>How far a signature's time may be from ours, either way.</summary>
    public static readonly TimeSpan Tolerance = TimeSpan.FromSeconds(300);

    /// <summary>The bytes that a request's signature covers: five lines, each with its line feed.</summary>
    /// <param name="target">Path and query, as they are sent.</param>
    /// <param name="body">As it is sent; empty where there is none.</param>
    public static byte[] OfRequest(
        string method, string target, string timestamp, string nonce, ReadOnlySpan<byte> body) =>
        [.. Encoding.UTF8.GetBytes($"{method}\n{target}\n{timestamp}\n{nonce}\n"), .. body, (byte)'\n'];

    /// <summary>The bytes that the signature of an answer or a notification covers.</summary>
    public static byte[] OfMessage(string timestamp, string nonce, ReadOnlySpan<byte> body) =>
        [.. Encoding.UTF8.GetBytes($"{timestamp}\n{nonce}\n"), .. body, (byte)'\n'];

    public static string Sign(RsaKey key, ReadOnlySpan<byte> bytes) => Convert.ToBase64String(key.Sign(bytes));

    /// <summary>False as well for a signature that is missing, a probe, or no Base64.</summary>
    public static bool Verify(RsaKey key, ReadOnlySpan<byte> bytes, string? signature)
    {
        if (string.IsNullOrEmpty(signature) || IsProbe(signature))
        {
            return false;
        }

        Span<byte> raw = stackalloc byte[1024];
        return Convert.TryFromBase64String(signature, raw, out var length) && key.Verify(bytes, raw[..length]);
    }

    public static bool IsProbe(string? signature) =>
        signature?.StartsWith(ProbePrefix, StringComparison.Ordinal) == true;

    /// <summary>The value of the header <c>Authorization</c>.</summary>
    public static string Authorization(
        string merchantId, string nonce, string signature, string timestamp, string serialNo) =>
        $"{Scheme} mchid=\"{merchantId}\",nonce_str=\"{nonce}\",signature=\"{signature}\","
        + $"timestamp=\"{timestamp}\",serial_no=\"{serialNo}\"";

    /// <summary>Seconds since 1970, as the protocol writes them.</summary>
    public static string Timestamp(DateTimeOffset moment) =>
        moment.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);

    /// <summary>False as well for a timestamp that is missing or no number.</summary>
    public static bool IsFresh(string? timestamp, DateTimeOffset now) =>
        timestamp is { Length: <= 12 }
        && long.TryParse(timestamp, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds)
        && Math.Abs(now.ToUnixTimeSeconds() - seconds) < (long)Tolerance.TotalSeconds;
}
