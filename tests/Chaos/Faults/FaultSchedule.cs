namespace CardShop.Tests.Chaos.Faults;

/// <summary>Which faults befall a run, and when: the same for the same seed. Pure.</summary>
public static class FaultSchedule
{
    /// <summary>Nothing is hurt at first: the processes compile their code then.</summary>
    public const double Quiet = 20;

    private const int Draws = 30;
    private const int MostAtOnce = 3;

    private static readonly string[] Fleets = ["fleet-orders", "fleet-payments", "fleet-delivery", "fleet-notifications"];

    private static readonly string[] Parts =
        ["api-1", "api-2", .. Fleets, "logbroker", "rabbitmq", "postgres-primary", "postgres-standby", "sandbox"];

    private static readonly string[] Ways =
    [
        "kafka", "postgres", "rabbitmq", .. Fleets.Select(f => f + "/postgres"), .. Fleets[..3].Select(f => f + "/rabbitmq"),
        "api-1/postgres",
    ];

    private static readonly (FaultKind Kind, int Weight)[] Weights =
    [
        (FaultKind.Kill, 24), (FaultKind.Down, 10), (FaultKind.Freeze, 18), (FaultKind.Failover, 9), (FaultKind.WipeQueues, 6),
        (FaultKind.FullDisk, 6), (FaultKind.Cut, 8), (FaultKind.Silence, 6), (FaultKind.Delay, 5), (FaultKind.Narrow, 3),
        (FaultKind.Skew, 7),
    ];

    /// <param name="seconds">How long the load lasts; every fault is over before its end.</param>
    /// <param name="every">Seconds between two faults, on average.</param>
    /// <param name="possible">What this machine can do.</param>
    public static IReadOnlyList<Fault> Draw(int seed, double seconds, double every, IReadOnlyCollection<FaultKind> possible)
    {
        var random = new Random(seed);
        var faults = new List<Fault>();
        for (var at = Quiet + Gap(random, every); at < seconds; at += Gap(random, every))
        {
            for (var draw = 0; draw < Draws; draw++)
            {
                var fault = One(random, at);
                if (possible.Contains(fault.Kind) && fault.At + Longest(fault) < seconds && Fits(fault, faults))
                {
                    faults.Add(fault);
                    break;
                }
            }
        }

        return faults;
    }

    /// <summary>How long it takes at most, recovery included, as far as can be foreseen.</summary>
    public static double Longest(Fault fault) => fault.Seconds + fault.Kind switch
    {
        FaultKind.Failover => 40,
        FaultKind.WipeQueues => 25,
        FaultKind.Kill or FaultKind.Down or FaultKind.Skew => 12,
        FaultKind.Freeze or FaultKind.FullDisk or FaultKind.Cut or FaultKind.Silence or FaultKind.Delay or FaultKind.Narrow => 4,
        _ => throw new ArgumentOutOfRangeException(nameof(fault), fault.Kind, "Unknown fault."),
    };

    /// <summary>Exponential, so that faults come in bunches too; never longer than four times the average.</summary>
    private static double Gap(Random random, double every) => Math.Min(-Math.Log(1 - random.NextDouble()), 4) * every * 1.02;

    private static bool Fits(Fault fault, List<Fault> others)
    {
        var overlapping = others.Where(o => o.At < fault.At + Longest(fault) && o.At + Longest(o) > fault.At).ToList();
        return overlapping.Count < MostAtOnce && !overlapping.Exists(o => o.Places.Intersect(fault.Places).Any());
    }

    private static Fault One(Random random, double at)
    {
        var kind = Pick(random);
        var target = kind switch
        {
            FaultKind.Kill or FaultKind.Down or FaultKind.Freeze => Of(random, Parts),
            FaultKind.Cut or FaultKind.Silence or FaultKind.Delay or FaultKind.Narrow => Of(random, Ways),
            FaultKind.Skew => Of(random, Fleets),
            FaultKind.Failover => "postgres-primary",
            FaultKind.WipeQueues => "rabbitmq",
            FaultKind.FullDisk => "logbroker",
            _ => throw new InvalidOperationException(),
        };
        return kind switch
        {
            FaultKind.Kill => new(at, kind, target, 0),
            FaultKind.Down => new(at, kind, target, Between(random, 3, 15)),
            // Of fleets also longer than a group membership lives: another would take over, and the frozen one wakes as a zombie.
            FaultKind.Freeze => new(at, kind, target, Between(random, 2, target.StartsWith("fleet", StringComparison.Ordinal) ? 25 : 12)),
            FaultKind.Failover => new(at, kind, target, Between(random, 12, 25)),
            FaultKind.WipeQueues => new(at, kind, target, Between(random, 1, 8)),
            FaultKind.FullDisk => new(at, kind, target, Between(random, 6, 16)),
            FaultKind.Cut or FaultKind.Silence => new(at, kind, target, Between(random, 3, 15)),
            FaultKind.Delay => new(at, kind, target, Between(random, 5, 20), random.Next(10, 150)),
            FaultKind.Narrow => new(at, kind, target, Between(random, 5, 15), random.Next(50, 400) * 1_000),
            FaultKind.Skew => new(at, kind, target, Between(random, 15, 40), random.Next(15, 90) * (random.Next(2) == 0 ? 1 : -1)),
            _ => throw new InvalidOperationException(),
        };
    }

    private static FaultKind Pick(Random random)
    {
        var at = random.Next(Weights.Sum(w => w.Weight));
        foreach (var (kind, weight) in Weights)
        {
            at -= weight;
            if (at < 0)
            {
                return kind;
            }
        }

        throw new InvalidOperationException();
    }

    private static string Of(Random random, string[] names) => names[random.Next(names.Length)];

    private static double Between(Random random, double least, double most) => least + (random.NextDouble() * (most - least));
}
