using System.Globalization;
using CardShop.Tests.Chaos.Verdict;

namespace CardShop.Tests.Chaos.Faults;

/// <summary>What can be done to a shop.</summary>
public enum FaultKind
{
    /// <summary>SIGKILL; the supervisor starts it again.</summary>
    Kill,

    /// <summary>SIGKILL, and it stays down for a while.</summary>
    Down,

    /// <summary>SIGSTOP, later SIGCONT.</summary>
    Freeze,

    /// <summary>The primary database is lost, its synchronous standby promoted; the lost one comes back as standby.</summary>
    Failover,

    /// <summary>RabbitMQ loses all its data.</summary>
    WipeQueues,

    /// <summary>The log broker's disk is full.</summary>
    FullDisk,

    /// <summary>Connections are reset and refused.</summary>
    Cut,

    /// <summary>Packets vanish; nobody hears of it.</summary>
    Silence,

    /// <summary>Every packet comes late.</summary>
    Delay,

    /// <summary>Few bytes pass per second.</summary>
    Narrow,

    /// <summary>A process's clock is wrong.</summary>
    Skew,
}

/// <summary>One planned fault.</summary>
/// <param name="At">Seconds after the load began.</param>
/// <param name="Target">A part, or the name of a way between a process and a server.</param>
/// <param name="Seconds">How long it lasts before recovery begins.</param>
/// <param name="Amount">Milliseconds of a delay, bytes per second of a narrow way, seconds of a wrong clock.</param>
public sealed record Fault(double At, FaultKind Kind, string Target, double Seconds, int Amount = 0)
{
    /// <summary>What it needs for itself: two faults with a place in common do not overlap.</summary>
    public IReadOnlyList<string> Places => Kind switch
    {
        FaultKind.Failover => ["postgres", "rabbitmq", "logbroker"],
        FaultKind.WipeQueues => ["rabbitmq", "postgres", "logbroker"],
        FaultKind.FullDisk => ["logbroker"],
        FaultKind.Kill or FaultKind.Down or FaultKind.Freeze or FaultKind.Cut or FaultKind.Silence or FaultKind.Delay
            or FaultKind.Narrow or FaultKind.Skew => [PlaceOf(Target)],
        _ => throw new InvalidOperationException($"There is no fault {Kind}."),
    };

    /// <summary>Whom it hurts, as far as accepting orders goes.</summary>
    public HurtParty Party => Kind switch
    {
        FaultKind.FullDisk => HurtParty.Log,
        FaultKind.Failover or FaultKind.WipeQueues => HurtParty.Others,
        FaultKind.Kill or FaultKind.Down or FaultKind.Freeze or FaultKind.Cut or FaultKind.Silence or FaultKind.Delay
            or FaultKind.Narrow or FaultKind.Skew => PlaceOf(Target) switch
            {
                "logbroker" => HurtParty.Log,
                "sandbox" => HurtParty.Provider,
                _ => HurtParty.Others,
            },
        _ => throw new InvalidOperationException($"There is no fault {Kind}."),
    };

    /// <summary>For people, in a few words.</summary>
    public string Label => Kind switch
    {
        FaultKind.Kill => $"kill {Target}",
        FaultKind.Down => $"down {Target}",
        FaultKind.Freeze => $"freeze {Target}",
        FaultKind.Failover => "primary lost, standby promoted",
        FaultKind.WipeQueues => "RabbitMQ's data wiped",
        FaultKind.FullDisk => "log disk full",
        FaultKind.Cut => $"cut {Target}",
        FaultKind.Silence => $"silence {Target}",
        FaultKind.Delay => string.Create(CultureInfo.InvariantCulture, $"+{Amount} ms {Target}"),
        FaultKind.Narrow => string.Create(CultureInfo.InvariantCulture, $"{Amount / 1_000} kB/s {Target}"),
        FaultKind.Skew => string.Create(CultureInfo.InvariantCulture, $"clock {Amount:+0;-0} s {Target}"),
        _ => throw new InvalidOperationException($"There is no fault {Kind}."),
    };

    private static string PlaceOf(string target) => target.Split('/')[0] switch
    {
        "api-1" or "api-2" => "api",
        "postgres-primary" or "postgres-standby" => "postgres",
        "kafka" => "logbroker",
        var part => part,
    };
}
