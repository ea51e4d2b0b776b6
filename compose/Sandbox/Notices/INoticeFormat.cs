using System.Net;
using CardShop.Sandbox.Books;

namespace CardShop.Sandbox.Notices;

/// <summary>What is sent to a merchant.</summary>
/// <param name="ContentType">The whole header's value.</param>
public sealed record NoticeMessage(Uri Address, string ContentType, byte[] Body)
{
    public HttpMethod Method { get; init; } = HttpMethod.Post;

    /// <summary>The provider's own headers, beside those of the content.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Headers { get; init; } = [];
}

/// <summary>How one provider words its notifications and when it repeats them. One per provider's folder.</summary>
public interface INoticeFormat
{
    /// <summary>The waits between deliveries, unscaled; one delivery more than there are waits.</summary>
    IReadOnlyList<TimeSpan> Waits { get; }

    /// <summary>
    /// Words and signs a notification; called for each delivery. What it says must be the same each time; a provider that
    /// stamps and signs each delivery anew may do so.
    /// </summary>
    /// <param name="trade">As it is told, which under a fault is not as it is.</param>
    /// <param name="forged">Sign with a key that nobody knows.</param>
    /// <returns>Null for what this provider does not notify: the merchant has to ask.</returns>
    NoticeMessage? Write(SandboxTrade trade, SandboxNotice notice, bool forged);

    /// <summary>Whether the merchant's answer counts as an acknowledgement.</summary>
    /// <param name="body">The start of it, at most 64 bytes.</param>
    bool IsAcknowledged(HttpStatusCode status, ReadOnlySpan<byte> body);
}
