using System.Text;

namespace CardShop.Shop.Channels.Alipay;

/// <summary>
/// Forms (application/x-www-form-urlencoded) as the signature needs them: every field kept, every value decoded
/// exactly once, and nothing repaired. Public: the sandbox reads and writes the same.
/// </summary>
public static class AlipayForm
{
    private const int MaxFields = 256;
    private static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);

    public static string Write(IEnumerable<KeyValuePair<string, string>> fields) =>
        string.Join('&', fields.Select(one => Uri.EscapeDataString(one.Key) + "=" + Uri.EscapeDataString(one.Value)));

    /// <summary>Null for a form that is not sound: a field twice, a broken escape, bytes that are no UTF-8.</summary>
    public static Dictionary<string, string>? Read(ReadOnlySpan<byte> body)
    {
        var fields = new Dictionary<string, string>(StringComparer.Ordinal);
        while (body.Length > 0)
        {
            var end = body.IndexOf((byte)'&');
            var pair = end < 0 ? body : body[..end];
            body = end < 0 ? [] : body[(end + 1)..];
            if (pair.Length == 0)
            {
                continue;
            }

            var equals = pair.IndexOf((byte)'=');
            var name = Decode(equals < 0 ? pair : pair[..equals]);
            var value = Decode(equals < 0 ? [] : pair[(equals + 1)..]);
            if (name is null || value is null || fields.Count == MaxFields || !fields.TryAdd(name, value))
            {
                return null;
            }
        }

        return fields;
    }

    private static string? Decode(ReadOnlySpan<byte> encoded)
    {
        var raw = new byte[encoded.Length];
        var length = 0;
        for (var i = 0; i < encoded.Length; i++)
        {
            var one = encoded[i];
            if (one == '%')
            {
                if (i + 2 >= encoded.Length
                    || !char.IsAsciiHexDigit((char)encoded[i + 1]) || !char.IsAsciiHexDigit((char)encoded[i + 2]))
                {
                    return null;
                }

                raw[length++] = Convert.FromHexString([(char)encoded[i + 1], (char)encoded[i + 2]])[0];
                i += 2;
            }
            else
            {
                raw[length++] = one == '+' ? (byte)' ' : one;
            }
        }

        try
        {
            return Strict.GetString(raw, 0, length);
        }
        catch (DecoderFallbackException)
        {
            return null;
        }
    }
}
