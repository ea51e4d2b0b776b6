using CardShop.Shop.Channels.Rsa;
using CardShop.Shop.Channels.WeChat;

namespace CardShop.Sandbox.WeChat;

/// <summary>The merchant's signature on a request.</summary>
internal static class WeChatAuthorization
{
    private const int LengthLimit = 2048;
    private static readonly string[] Names = ["mchid", "nonce_str", "signature", "timestamp", "serial_no"];

    /// <summary>Null when it is genuine; else what is wrong with it.</summary>
    public static string? WhyNot(
        HttpRequest request, ReadOnlySpan<byte> body, WeChatMerchant merchant, RsaKey key, DateTimeOffset now)
    {
        if (Read(request.Headers.Authorization.ToString()) is not { } parts)
        {
            return "Http头Authorization值格式错误，请参考《微信支付商户REST API签名规则》";
        }

        if (parts["mchid"] != merchant.MerchantId)
        {
            return "商户号不存在";
        }

        if (!parts["serial_no"].Equals(merchant.MerchantSerial, StringComparison.OrdinalIgnoreCase))
        {
            return "商户证书序列号有误";
        }

        if (!WeChatSignature.IsFresh(parts["timestamp"], now))
        {
            return "Http头Authorization中的timestamp与发起请求的时间不得超过5分钟";
        }

        var target = request.PathBase.ToUriComponent() + request.Path.ToUriComponent()
            + request.QueryString.ToUriComponent();
        var signed = WeChatSignature.OfRequest(
            request.Method, target, parts["timestamp"], parts["nonce_str"], body);
        return WeChatSignature.Verify(key, signed, parts["signature"]) ? null : "签名错误，验证签名失败";
    }

    /// <summary>The five parts in whatever order; null where one is missing, twice there or unknown.</summary>
    private static Dictionary<string, string>? Read(string header)
    {
        const string Start = WeChatSignature.Scheme + " ";
        if (header.Length > LengthLimit || !header.StartsWith(Start, StringComparison.Ordinal))
        {
            return null;
        }

        var parts = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var part in header[Start.Length..].Split(','))
        {
            var equals = part.IndexOf('=', StringComparison.Ordinal);
            if (equals < 0 || part[(equals + 1)..] is not ['"', .. var value, '"']
                || !Names.Contains(part[..equals].Trim()) || !parts.TryAdd(part[..equals].Trim(), value))
            {
                return null;
            }
        }

        return parts.Count == Names.Length ? parts : null;
    }
}
