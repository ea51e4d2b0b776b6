using System.Net;
using System.Net.Sockets;

namespace CardShop.Shop.Partners;

/// <summary>
/// Which addresses a webhook may have. A partner names them, so none may lead into our own networks (SSRF): a name's
/// addresses are judged when it is called, and the connection goes to the address that was judged.
/// </summary>
public static class WebhookAddress
{
    /// <summary>IANA's special-purpose blocks, and what is not unicast.</summary>
    private static readonly IPNetwork[] NotPublic4 =
    [
        .. new[]
        {
            "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
            "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24",
            "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/3",
        }.Select(IPNetwork.Parse),
    ];

    private static readonly IPNetwork GlobalUnicast6 = IPNetwork.Parse("2000::/3");

    /// <summary>Blocks of global unicast that are not, and those that carry an IPv4 address inside.</summary>
    private static readonly IPNetwork[] NotPublic6 =
        [.. new[] { "2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20" }.Select(IPNetwork.Parse)];

    /// <summary>True for an address of the public internet.</summary>
    public static bool IsPublic(IPAddress address)
    {
        var plain = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        return plain.AddressFamily == AddressFamily.InterNetwork
            ? !NotPublic4.Any(n => n.Contains(plain))
            : GlobalUnicast6.Contains(plain) && !NotPublic6.Any(n => n.Contains(plain));
    }

    /// <summary>True where the options let it be called.</summary>
    public static bool IsAllowed(IPAddress address, WebhookOptions options) =>
        options.AllowPrivateAddresses || IsPublic(address);

    /// <returns>What is wrong with it; null when nothing is.</returns>
    public static string? Refusal(string text, WebhookOptions options)
    {
        if (text.Length > 2_000 || !Uri.TryCreate(text, UriKind.Absolute, out var url) || url.Host.Length == 0)
        {
            return "it must be an absolute address of at most 2000 characters";
        }

        if (url.Scheme != Uri.UriSchemeHttps && !(options.AllowHttp && url.Scheme == Uri.UriSchemeHttp))
        {
            return "it must begin with https://";
        }

        if (url.UserInfo.Length > 0 || url.Fragment.Length > 0)
        {
            return "it must hold no user, password or fragment";
        }

        var host = url.Host.Trim('[', ']');
        return IPAddress.TryParse(host, out var address) && !IsAllowed(address, options)
            ? "it names an address of a private network"
            : null;
    }
}
