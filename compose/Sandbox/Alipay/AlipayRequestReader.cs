using CardShop.Shop.Channels.Alipay;

namespace CardShop.Sandbox.Alipay;

/// <summary>Reads a call's parameters, which stand in the form and, some of them, in the address.</summary>
internal static class AlipayRequestReader
{
    private const int MaxBytes = 64 * 1024;

    /// <summary>All parameters; null for an unsound or oversized form, or for two values of one name.</summary>
    public static async Task<Dictionary<string, string>?> ReadAsync(HttpRequest request)
    {
        var buffer = new byte[MaxBytes + 1];
        var length = await request.Body.ReadAtLeastAsync(
            buffer, buffer.Length, throwOnEndOfStream: false, request.HttpContext.RequestAborted);
        var fields = length > MaxBytes ? null : AlipayForm.Read(buffer.AsSpan(0, length));
        if (fields is null)
        {
            return null;
        }

        foreach (var (name, values) in request.Query)
        {
            // What stands in both places must be the same.
            if (values.Count != 1 || (!fields.TryAdd(name, values[0] ?? "") && fields[name] != values[0]))
            {
                return null;
            }
        }

        return fields;
    }
}
