using System.Security.Cryptography;
using System.Text;

namespace CardShop.Shop.Orders;

/// <summary>The settings that decisions depend on.</summary>
/// <param name="CheckEvery">How often a pending payment is queried at the provider.</param>
/// <param name="ResendAfter">When a command without an answer is sent again.</param>
/// <param name="Profile">The merchant profile of channels that <see cref="Channels"/> does not name.</param>
public sealed record ShopSettings(TimeSpan CheckEvery, TimeSpan ResendAfter, string Profile = "default")
{
    public static readonly ShopSettings Default = new(TimeSpan.FromMinutes(5), TimeSpan.FromSeconds(60));

    /// <summary>
    /// Per channel the merchant profiles that open new attempts. Null: every channel has <see cref="Profile"/>; else a
    /// channel that is not named takes no new payments.
    /// </summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>>? Channels { get; init; }

    /// <summary>Unpaid orders that one contact may have.</summary>
    public int MaxOpenPerContact { get; init; } = 5;

    /// <summary>Unpaid orders that one network may have.</summary>
    public int MaxOpenPerNetwork { get; init; } = 20;

    /// <summary>Beyond this share of a product, unpaid orders hold nothing; 100 = no bound.</summary>
    public int HoldSharePercent { get; init; } = 100;

    /// <summary>
    /// The letter of the region: inputs for other regions' ids are passed over and counted. Null: all ids are processed.
    /// </summary>
    public string? Region { get; init; }

    /// <summary>Attempts that one order may open, by switching channels.</summary>
    public int MaxAttempts { get; init; } = 10;

    /// <summary>How long an operator may take over manual goods whose product says nothing; then it goes to review.</summary>
    public TimeSpan ManualWithin { get; init; } = TimeSpan.FromDays(1);

    /// <summary>
    /// The merchant profile of an order's next attempt: by a hash of its id over those that are up, so that a repeat
    /// chooses alike. Where none is up, over all: the attempt waits for it.
    /// </summary>
    /// <returns>Null where the channel takes no payments.</returns>
    public string? ProfileOf(string channel, string orderId, IReadOnlySet<string>? down)
    {
        if (Channels is null)
        {
            return Profile;
        }

        if (!Channels.TryGetValue(channel, out var all) || all.Count == 0)
        {
            return null;
        }

        IReadOnlyList<string> up = down is null || all.Count == 1
            ? all
            : [.. all.Where(p => !down.Contains(channel + "/" + p))];
        var among = up.Count > 0 ? up : all;
        return among.Count == 1 ? among[0] : among[(int)(HashOf(orderId) % (uint)among.Count)];
    }

    private static uint HashOf(string orderId)
    {
        Span<byte> hash = stackalloc byte[32];
        SHA256.HashData(Encoding.ASCII.GetBytes(orderId), hash);
        return System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(hash);
    }
}
