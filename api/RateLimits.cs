using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Threading.RateLimiting;

namespace CardShop.Api;

/// <summary>Orders per network (IPv4 /24, IPv6 /64) and minute; loopback is unlimited in local mode.</summary>
public sealed class RateLimits(ApiSettings settings) : IDisposable
{
    private readonly PartitionedRateLimiter<string> _limiter = PartitionedRateLimiter.Create<string, string>(network =>
        RateLimitPartition.GetSlidingWindowLimiter(network, _ => new()
        {
            PermitLimit = settings.OrdersPerMinute,
            Window = TimeSpan.FromMinutes(1),
            SegmentsPerWindow = 6,
            QueueLimit = 0,
        }));

    private readonly PartitionedRateLimiter<string> _partners = PartitionedRateLimiter.Create<string, string>(partner =>
        RateLimitPartition.GetSlidingWindowLimiter(partner, _ => new()
        {
            PermitLimit = settings.Partners.OrdersPerMinute,
            Window = TimeSpan.FromMinutes(1),
            SegmentsPerWindow = 6,
            QueueLimit = 0,
        }));

    /// <summary>Orders of a partner, wherever they come from.</summary>
    public bool AllowPartner(string partner)
    {
        using var lease = _partners.AttemptAcquire(partner);
        return lease.IsAcquired;
    }

    public bool Allow(IPAddress? peer)
    {
        if (peer is null || settings.IsExempt(peer))
        {
            return true;
        }

        using var lease = _limiter.AttemptAcquire(NetworkOf(peer));
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
        _limiter.Dispose();
        _partners.Dispose();
    }
}
