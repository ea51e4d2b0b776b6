using System.Text.Json;

namespace CardShop.Shop.Channels.WeChat;

/// <summary>
/// Verifies a notification. The order matters: first its age and its key, then the signature over the raw bytes, then
/// the decryption, and only then what it says and about whom.
/// </summary>
internal static class WeChatNotification
{
    private const int MaxBytes = 64 * 1024;
    private const string PaidType = "TRANSACTION.SUCCESS";
    private const string RefundPrefix = "REFUND.";

    public static NotificationCheck Verify(
        IReadOnlyList<WeChatProfile> profiles, ReadOnlyMemory<byte> body, IReadOnlyDictionary<string, string> headers,
        DateTimeOffset arrivedAt)
    {
        if (body.Length is 0 or > MaxBytes)
        {
            return Refuse("the body is empty or too large");
        }

        var signature = Header(headers, WeChatHeaders.Signature);
        var timestamp = Header(headers, WeChatHeaders.Timestamp);
        var nonce = Header(headers, WeChatHeaders.Nonce);
        var serial = Header(headers, WeChatHeaders.Serial);
        if (signature is null || timestamp is null || nonce is null || serial is null)
        {
            return Refuse("a signature header is missing");
        }

        if (WeChatSignature.IsProbe(signature))
        {
            return Refuse("a probe: its signature must not fit");
        }

        if ((Header(headers, WeChatHeaders.SignatureType) ?? WeChatSignature.Scheme) != WeChatSignature.Scheme)
        {
            return Refuse("the signature is of another type");
        }

        if (!WeChatSignature.IsFresh(timestamp, arrivedAt))
        {
            return Refuse("the timestamp is too far from our clock");
        }

        var knowing = profiles.Where(one => one.KeyOf(serial) is not null).ToList();
        if (knowing.Count == 0)
        {
            return Refuse("the serial names no key of ours");
        }

        var signed = WeChatSignature.OfMessage(timestamp, nonce, body.Span);
        var verified = knowing
            .Where(one => WeChatSignature.Verify(one.KeyOf(serial)!, signed, signature)).ToList();
        return verified.Count == 0 ? Refuse("the signature does not fit") : Open(verified, body, serial);
    }

    private static NotificationCheck Open(
        List<WeChatProfile> profiles, ReadOnlyMemory<byte> body, string serial)
    {
        if (WeChatJson.Read(body) is not { } envelope)
        {
            return Refuse("the body is not sound JSON");
        }

        if (WeChatJson.Text(envelope, "id") is not { } id)
        {
            return Refuse("id is missing");
        }

        var type = WeChatJson.Text(envelope, "event_type") ?? "";
        var isRefund = type.StartsWith(RefundPrefix, StringComparison.Ordinal);
        if (type != PaidType && !isRefund)
        {
            return Refuse("event_type is about neither a payment nor a refund");
        }

        if (WeChatJson.Inner(envelope, "resource") is not { } resource
            || WeChatJson.Text(resource, "algorithm") != WeChatCipher.Algorithm
            || WeChatJson.Text(resource, "ciphertext") is not { } ciphertext
            || WeChatJson.Text(resource, "nonce") is not { } nonce)
        {
            return Refuse("the resource is missing or not understood");
        }

        var aad = WeChatJson.Text(resource, "associated_data");
        foreach (var group in profiles.GroupBy(one => Convert.ToHexString(one.ApiV3Key)))
        {
            if (WeChatCipher.Decrypt(group.First().ApiV3Key, nonce, aad, ciphertext) is not { } plain)
            {
                continue;
            }

            return WeChatJson.Read(plain) is { } content
                ? Understand([.. group], content, isRefund, new NotificationCheck(null, "", serial, id))
                : Refuse("the resource holds no sound JSON");
        }

        return Refuse("the resource cannot be decrypted");
    }

    private static NotificationCheck Understand(
        List<WeChatProfile> profiles, JsonElement content, bool isRefund, NotificationCheck check)
    {
        var merchant = WeChatJson.Text(content, "mchid");
        var ours = profiles.Where(one => one.MerchantId == merchant).ToList();
        if (ours.Count == 0)
        {
            return Refuse("mchid is not ours");
        }

        // A refund names no app; should it name one, it must be ours.
        var app = WeChatJson.Text(content, "appid");
        if (app is not null || !isRefund)
        {
            ours = [.. ours.Where(one => one.AppId == app)];
        }

        if (ours.Count == 0)
        {
            return Refuse("appid is not ours");
        }

        check = check with { Profile = ours[0].Name, MerchantId = merchant! };
        return isRefund ? OfRefund(content, check) : OfPayment(content, check);
    }

    private static NotificationCheck OfPayment(JsonElement content, NotificationCheck check)
    {
        var trade = WeChatTrades.Read(content, unpaidAmount: null, out var fault);
        return trade is { Status: TradeStatus.Paid }
            ? check with { Trade = trade }
            : NotUnderstood(trade is null ? fault : "trade_state");
    }

    private static NotificationCheck OfRefund(JsonElement content, NotificationCheck check)
    {
        var refund = WeChatTrades.ReadRefund(content, "refund_status", out var fault);
        return refund?.Done is { } done
            ? check with
            {
                Trade = refund.Trade,
                Refund = new ProviderRefund(refund.RefundNumber, done, refund.AmountMinor, refund.Status),
            }
            : NotUnderstood(refund is null ? fault : "refund_status");
    }

    private static string? Header(IReadOnlyDictionary<string, string> headers, string name)
    {
        // The caller's dictionary may or may not mind the case of names.
        var value = headers.TryGetValue(name, out var exact)
            ? exact
            : headers.FirstOrDefault(one => one.Key.Equals(name, StringComparison.OrdinalIgnoreCase)).Value;
        return string.IsNullOrEmpty(value) ? null : value;
    }

    private static NotificationCheck NotUnderstood(string field) => Refuse(field + " is missing or not understood");

    private static NotificationCheck Refuse(string reason) => new(reason);
}
