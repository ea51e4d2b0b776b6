using CardShop.Contracts;
using CardShop.Tests.Simulation.Servers;

namespace CardShop.Tests.Simulation.World;

/// <summary>
/// What one seed's world is like. Each fault is drawn by itself: most worlds have some of them, few have all, and how
/// often they come differs by orders of magnitude. Fixed rates would find much less.
/// </summary>
internal sealed record Swarm
{
    public required StoreFaults Store { get; init; }

    public required LogFaults Log { get; init; }

    public required BusFaults Bus { get; init; }

    public required ProviderFaults Provider { get; init; }

    /// <summary>How long faults come.</summary>
    public required TimeSpan FaultsFor { get; init; }

    /// <summary>Fleet processes, each with the fleets that it runs.</summary>
    public required IReadOnlyList<Fleet.Fleets> Processes { get; init; }

    public required IReadOnlyList<string> Channels { get; init; }

    public required IReadOnlyList<ProductPlan> Products { get; init; }

    public required IReadOnlyList<BuyerPlan> Buyers { get; init; }

    public required TimeSpan CheckEvery { get; init; }

    public required TimeSpan ResendAfter { get; init; }

    public required int BatchMessages { get; init; }

    /// <summary>Steps between two crashes on average; 0 = none.</summary>
    public required int CrashEvery { get; init; }

    /// <summary>Each comes once in so many seconds on average; 0 = never.</summary>
    public required IReadOnlyDictionary<string, double> Events { get; init; }

    /// <summary>The longest that a process's clock is wrong by.</summary>
    public required TimeSpan Skew { get; init; }

    /// <summary>When a backup is taken, and when it comes back; null = never.</summary>
    public required (TimeSpan Backup, TimeSpan Restore, bool KillsAll)? Loss { get; init; }

    /// <summary>Of a notification that comes again.</summary>
    public required double NotifyAgain { get; init; }

    /// <summary>Of a payment of which no notification ever comes.</summary>
    public required double NotifyNever { get; init; }

    /// <summary>Of a notification that names another amount, or a number that nobody knows.</summary>
    public required double Lies { get; init; }

    /// <summary>Operators' refunds of any order.</summary>
    public required int OperatorRefunds { get; init; }

    /// <summary>Whether, at the end, every input comes once more.</summary>
    public required bool Repeats { get; init; }

    /// <param name="later">
    /// For what worlds got later: one that draws none of it stays as it was, and shows again what it once showed.
    /// </param>
    public static Swarm Draw(Random random, Random later)
    {
        double Rate(params double[] values) => random.Next(2) == 0 ? 0 : values[random.Next(values.Length)];
        TimeSpan Ms(params int[] values) => TimeSpan.FromMilliseconds(values[random.Next(values.Length)]);
        TimeSpan Seconds(params int[] values) => TimeSpan.FromSeconds(values[random.Next(values.Length)]);

        var faultsFor = TimeSpan.FromSeconds(random.Next(10, 50));
        string[] channels = random.Next(3) == 0 ? ["alipay", "wechat"] : random.Next(4) == 0 ? ["unionpay"] : ["alipay"];
        var products = DrawProducts(random, faultsFor);
        var loss = random.Next(4) == 0
            ? (TimeSpan.FromSeconds(random.Next(0, (int)faultsFor.TotalSeconds)), faultsFor, random.Next(2) == 0)
            : ((TimeSpan, TimeSpan, bool)?)null;
        if (loss is { } l)
        {
            loss = (l.Item1 * random.NextDouble(), l.Item1 + TimeSpan.FromSeconds(0.2 + (10 * random.NextDouble())), l.Item3);
        }

        return new()
        {
            FaultsFor = faultsFor,
            Channels = channels,
            Products = products,
            Processes = DrawProcesses(random),
            Buyers = DrawBuyers(random, products, channels, faultsFor),
            Store = new(Ms(0, 2, 20, 200), Rate(.005, .05), Rate(.005, .05, .2)),
            Log = new(Ms(0, 2, 20, 300), Rate(.01, .1), Rate(.01, .1, .3), Ms(0, 100, 2_000, 8_000)),
            Bus = new(Ms(0, 2, 50, 1_000), Rate(.01, .1), Rate(.01, .2), Rate(.02, .3, .8), Rate(.1, .8), Rate(.01, .1)),
            Provider = new(Ms(0, 20, 500, 4_000), Rate(.02, .2), Rate(.02, .2, .4), Rate(.05, .3), Rate(.3, 1)),
            CheckEvery = Seconds(3, 10, 30),
            ResendAfter = Seconds(2, 6, 20),
            BatchMessages = random.Next(3) == 0 ? 1 + random.Next(3) : 500,
            CrashEvery = random.Next(2) == 0 ? 0 : (int)Math.Pow(10, 1.8 + (2 * random.NextDouble())),
            Skew = random.Next(3) == 0 ? Seconds(1, 10) : TimeSpan.Zero,
            Loss = loss,
            Events = new Dictionary<string, double>
            {
                ["pause"] = Rate(5, 30),
                ["rebalance"] = Rate(2, 10),
                ["bus drops"] = Rate(2, 10),
                ["bus loses all"] = Rate(15, 60) * (random.Next(3) == 0 ? 1 : 0),
                ["bus away"] = Rate(10, 60),
                ["log away"] = Rate(10, 60),
                ["database crashes"] = Rate(10, 40),
                ["provider away"] = Rate(10, 30),
                ["clock jumps"] = later.Next(3) == 0 ? 3 + later.Next(20) : 0,
            },
            NotifyAgain = Rate(.2, .8),
            NotifyNever = Rate(.1, .5),
            Lies = Rate(.1, .3),
            OperatorRefunds = random.Next(3) == 0 ? 1 + random.Next(3) : 0,
            Repeats = random.Next(4) == 0,
        };
    }

    private static List<ProductPlan> DrawProducts(Random random, TimeSpan within)
    {
        var products = new List<ProductPlan>();
        var count = random.Next(1, 4);
        for (var i = 0; i < count; i++)
        {
            var imports = Enumerable.Range(0, random.Next(1, 4))
                .Select(n => (At: n == 0 ? TimeSpan.Zero : within * random.NextDouble(), Keys: random.Next(0, 9))).ToList();
            products.Add(new(
                "S" + i, 1_000 + (i * 100), random.Next(2) == 0 ? HoldPolicy.Order : HoldPolicy.Payment,
                new[] { 5, 15, 40 }[random.Next(3)], new[] { 0, 4, 15 }[random.Next(3)], imports, random.Next(4) == 0));
        }

        return products;
    }

    private static List<Fleet.Fleets> DrawProcesses(Random random)
    {
        const Fleet.Fleets Work = Fleet.Fleets.Orders | Fleet.Fleets.Payments | Fleet.Fleets.Delivery;
        return random.Next(4) switch
        {
            0 => [Work],
            1 => [Work, Work],
            2 => [Fleet.Fleets.Orders, Fleet.Fleets.Payments, Fleet.Fleets.Delivery],
            _ =>
            [
                Fleet.Fleets.Orders | Fleet.Fleets.Payments, Fleet.Fleets.Payments | Fleet.Fleets.Delivery,
                Fleet.Fleets.Orders | Fleet.Fleets.Delivery,
            ],
        };
    }

    private static List<BuyerPlan> DrawBuyers(
        Random random, List<ProductPlan> products, string[] channels, TimeSpan within)
    {
        var pays = new[] { .4, .8, 1 }[random.Next(3)];
        var oddity = random.Next(2) == 0 ? 0 : new[] { .1, .5 }[random.Next(2)];
        var buyers = new List<BuyerPlan>();
        var count = random.Next(4) == 0 ? random.Next(1, 3) : random.Next(2, 13);
        var network = random.Next(5) == 0;
        for (var i = 0; i < count; i++)
        {
            buyers.Add(new(
                products[random.Next(products.Count)].Sku, 1 + random.Next(random.Next(1, 4)), channels[random.Next(channels.Length)],
                within * random.NextDouble() * .8, random.NextDouble() < pays,
                TimeSpan.FromSeconds(random.NextDouble() * 8), random.NextDouble() < oddity, random.NextDouble() < oddity,
                random.NextDouble() < oddity, channels.Length > 1 && random.NextDouble() < .4, network ? "net" : null));
        }

        return buyers;
    }
}

/// <param name="Imports">When keys come, and how many.</param>
/// <param name="IsVoided">Some of its keys are made void.</param>
internal sealed record ProductPlan(
    string Sku, long Price, HoldPolicy Hold, int HoldSeconds, int WaitSeconds, IReadOnlyList<(TimeSpan At, int Keys)> Imports,
    bool IsVoided);

/// <param name="At">When the order is placed.</param>
/// <param name="After">How long after the link was seen it is paid.</param>
/// <param name="IsLate">It is paid when its time is over, if the provider still takes it.</param>
/// <param name="Cancels">The buyer cancels, and may pay all the same.</param>
/// <param name="PaysAll">Every link that was seen is paid.</param>
/// <param name="Switches">The buyer changes the channel first.</param>
internal sealed record BuyerPlan(
    string Sku, int Quantity, string Channel, TimeSpan At, bool Pays, TimeSpan After, bool IsLate, bool Cancels, bool PaysAll,
    bool Switches, string? Network);
