using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Threading.RateLimiting;

namespace CardShop.Api;

/// <summary>
/// Orders, and as many payment forms, per network (IPv4 /24, IPv6 /64) and minute; loopback is unlimited in local mode.
/// </summary>
public sealed class RateLimits(ApiSettings settings) : IDisposable
{
    private readonly PartitionedRateLimiter<string> _orders = Limiter(settings.OrdersPerMinute);
    private readonly PartitionedRateLimiter<string> _forms = Limiter(settings.OrdersPerMinute);
    private readonly PartitionedRateLimiter<string> _partners = Limiter(settings.Partners.OrdersPerMinute);

    /// <summary>Whether an order may be placed from there now.</summary>
    public bool Allow(IPAddress? peer) => Allow(_orders, peer);

    /// <summary>Whether a payment form may be opened from there now.</summary>
    public bool AllowForm(IPAddress? peer) => Allow(_forms, peer);

    /// <summary>Whether this partner may place an order now, from wherever it comes.</summary>
    public bool AllowPartner(string partner)
    {
        using var lease = _partners.AttemptAcquire(partner);
        return lease.IsAcquired;
    }

    /// <summary>The network that limits count by.</summary>
    public static string NetworkOf(IPAddress peer)
    {
        var address = peer.IsIPv4MappedToIPv6 ? peer.MapToIPv4() : peer;
        var bytes = address.GetAddressBytes();
        return address.AddressFamily == AddressFamily.InterNetwork
            ? string.Create(CultureInfo.InvariantCulture, $"{bytes[0]}.{bytes[1]}.{bytes[2]}.0/24")
            : Convert.ToHexString(bytes.AsSpan(0, 8)) + "/64";
    }

    public void Dispose()
    {
        _orders.Dispose();
        _forms.Dispose();
        _partners.Dispose();
    }

    private bool Allow(PartitionedRateLimiter<string> limiter, IPAddress? peer)
    {
        if (peer is null || settings.IsExempt(peer))
        {
            return true;
        }

        using var lease = limiter.AttemptAcquire(NetworkOf(peer));
        return lease.IsAcquired;
    }

    private static PartitionedRateLimiter<string> Limiter(int perMinute) =>
        PartitionedRateLimiter.Create<string, string>(network =>
            RateLimitPartition.GetSlidingWindowLimiter(network, _ => new()
            {
                PermitLimit = perMinute,
                Window = TimeSpan.FromMinutes(1),
                SegmentsPerWindow = 6,
                QueueLimit = 0,
            }));
}
