using System.Net;
using CardShop.Sandbox.Books;
using CardShop.Sandbox.Faults;

namespace CardShop.Sandbox.Notices;

/// <summary>What is posted to a merchant; sent as often as needed, always the same bytes.</summary>
public sealed record NoticeMessage(Uri Address, string ContentType, byte[] Body);

/// <summary>How one provider words its notifications and when it repeats them. One per provider's folder.</summary>
public interface INoticeFormat
{
    /// <summary>The provider's name in trades.</summary>
    string Provider { get; }

    /// <summary>The waits between deliveries, unscaled; one delivery more than there are waits.</summary>
    IReadOnlyList<TimeSpan> Gaps { get; }

    /// <summary>Words and signs a notification.</summary>
    /// <param name="fault">What to get wrong about it; null for nothing.</param>
    NoticeMessage Write(SandboxTrade trade, SandboxNotice notice, FaultKind? fault);

    /// <summary>Whether the merchant's answer counts as an acknowledgement.</summary>
    bool IsAcknowledged(HttpStatusCode status, ReadOnlySpan<byte> body);
}
