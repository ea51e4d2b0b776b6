using CardShop.Sandbox.Alipay;
using CardShop.Sandbox.UnionPay;
using CardShop.Sandbox.WeChat;

namespace CardShop.Sandbox;

/// <summary>The sandbox's settings, bound from the configuration section <c>Sandbox</c>.</summary>
public sealed class SandboxOptions
{
    public const string Section = "Sandbox";

    /// <summary>Multiplies every wait of the providers' notification schedules: 0.001 makes 4 minutes 0.24 s.</summary>
    public double ScheduleScale { get; init; } = 0.001;

    /// <summary>Pays every payment as soon as the shop has its link.</summary>
    public bool AutoPay { get; init; }

    /// <summary>Where the key pairs of both sides are, and are made when missing.</summary>
    public string KeysDirectory { get; init; } = ".local/secrets";

    /// <summary>Where the journal is; without it a restarted sandbox has forgotten everything.</summary>
    public string? DataDirectory { get; init; }

    /// <summary>The address in pay links; without it the address that the shop called.</summary>
    public string? PublicUrl { get; init; }

    public int MaxTrades { get; init; } = 500_000;

    public int NotifyWorkers { get; init; } = 64;

    public TimeSpan NotifyTimeout { get; init; } = TimeSpan.FromSeconds(5);

    public AlipayMerchant Alipay { get; init; } = new();

    public UnionPayMerchant UnionPay { get; init; } = new();
    public WeChatMerchant WeChat { get; init; } = new();

    /// <summary>Throws, naming the setting, where a value cannot work.</summary>
    public void Check()
    {
        Require(double.IsFinite(ScheduleScale) && ScheduleScale is >= 0 and <= 10, nameof(ScheduleScale), "0 to 10");
        Require(MaxTrades is >= 1 and <= 10_000_000, nameof(MaxTrades), "1 to 10000000");
        Require(NotifyWorkers is >= 1 and <= 256, nameof(NotifyWorkers), "1 to 256");
        Require(
            NotifyTimeout > TimeSpan.Zero && NotifyTimeout <= TimeSpan.FromMinutes(5), nameof(NotifyTimeout),
            "a time up to five minutes");
        Require(KeysDirectory.Length > 0, nameof(KeysDirectory), "a folder");
        Require(
            string.IsNullOrEmpty(PublicUrl) || Uri.TryCreate(PublicUrl, UriKind.Absolute, out _), nameof(PublicUrl),
            "a whole web address");
    }

    private static void Require(bool holds, string name, string wanted)
    {
        if (!holds)
        {
            throw new InvalidOperationException($"{Section}:{name} must be {wanted}");
        }
    }
}
