using System.Globalization;
using CardShop.Shop.Keys;
using CardShop.Shop.Orders;
using CardShop.Tests.Chaos.Faults;
using CardShop.Tests.Chaos.Load;
using CardShop.Tests.Chaos.Machine;
using CardShop.Tests.Chaos.Picture;
using CardShop.Tests.Chaos.Shop;
using CardShop.Tests.Chaos.Verdict;

namespace CardShop.Tests.Chaos;

/// <summary>The long run: load, faults drawn by chance, and the invariants at its end.</summary>
public static class ChaosRun
{
    private static readonly TimeSpan ConvergeLimit = TimeSpan.FromMinutes(20);
    private static readonly TimeSpan LogLimit = TimeSpan.FromMinutes(2);

    /// <returns>0, or 1 where an invariant is broken or a figure is missed.</returns>
    public static async Task<int> RunAsync(ChaosOptions options, CancellationToken cancel)
    {
        var time = TimeProvider.System;
        await using var folder = await ChaosFolder.CreateAsync();
        var state = "starting";
        var progress = new RunProgress(() => state, time);
        progress.Say(string.Create(
            CultureInfo.InvariantCulture,
            $"seed {options.Seed}: {options.Minutes} minutes, {options.Rate} orders/s{(options.Every > 0 ? $", a fault every {options.Every} s" : ", no faults")}"));
        try
        {
            await using var shop = await ChaosShop.StartAsync(folder, new Random(options.Seed), time, progress.Say, cancel);
            var goods = Goods.For((int)(options.Minutes * 60 * options.Rate));
            await Goods.StockAsync(shop, goods, progress.Say, cancel);
            if (WrongClock.IsPossible)
            {
                await WrongClock.BuildAsync(folder);
            }

            return await LoadAsync(shop, options, goods, progress, s => state = s, time, cancel);
        }
        finally
        {
            progress.Say("the parts' logs: " + folder.KeepLogs());
        }
    }

    private static async Task<int> LoadAsync(
        ChaosShop shop, ChaosOptions options, IReadOnlyList<Good> goods, RunProgress progress, Action<string> show, TimeProvider time,
        CancellationToken cancel)
    {
        var secrets = ShopSecrets.Open(shop.Layout.Secrets);
        var vault = new KeyVault(secrets.Fingerprint, secrets.KeyEncryptionKeys, secrets.CurrentKeyEncryptionKey);
        var duration = TimeSpan.FromMinutes(options.Minutes);
        await using var balancer = new Balancer(shop.Apis);
        var meter = new LoadMeter();
        await using var partner = new PartnerFeed(shop.Settings["Kafka__BootstrapServers"], meter);
        using var client = new BuyerClient(balancer, vault, shop.Sandbox, meter);
        var buyers = new Buyers(client, meter, goods, options.Seed, options.Rate);
        var failovers = new FailoverWatch(shop, meter, partner, time);
        var faults = new FaultRunner(shop, meter, failovers, time, progress.Say);
        var schedule = options.Every > 0 ? FaultSchedule.Draw(options.Seed, duration.TotalSeconds, options.Every, Possible(shop, options)) : [];
        progress.Say($"{schedule.Count} faults are planned");
        using var all = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var watch = new MemoryWatch(shop, all.Token);
        try
        {
            await progress.ShowAsync(async () =>
            {
                var load = buyers.RunAsync(duration, all.Token);
                var hurting = faults.RunAsync(schedule, all.Token);
                var working = Task.WhenAll(load, hurting);
                while (!working.IsCompleted)
                {
                    show(Line(meter, buyers, faults.Open));
                    await Task.WhenAny(working, Task.Delay(TimeSpan.FromMilliseconds(250), time, all.Token));

                    // A fault that cannot be carried out ends the run at once.
                    if (hurting.IsFaulted || load.IsFaulted)
                    {
                        break;
                    }
                }

                await (hurting.IsFaulted ? hurting : load.IsFaulted ? load : working);
            });
            progress.Say("load and faults are over; everything must come to an end now");
            await progress.ShowAsync(() => Convergence.WaitAsync(
                shop, buyers, ConvergeLimit, text => show($"{Line(meter, buyers, faults.Open)}; {text}"), time, all.Token));
            var violations = await Judgement.OfAsync(shop, buyers, partner, progress.Say, LogLimit, time, all.Token);
            await watch.StopAsync();
            return await Report.ShowAsync(shop, options, meter, faults, failovers.All, violations, watch, buyers, progress.Say);
        }
        finally
        {
            await all.CancelAsync();
            var bars = faults.Done.Select(d => new PictureBar(d.From, d.To, d.Fault.Label, d.Fault.Party == HurtParty.Log)).OrderBy(b => b.From).ToList();
            var picture = Path.Combine(shop.Folder.All, "timeline.svg");
            await File.WriteAllTextAsync(
                picture, TimelinePicture.Draw(Report.Title(options), Report.Lines(meter, faults.Done, failovers.All), meter.Seconds(), bars),
                CancellationToken.None);
            progress.Say("the picture: " + picture);
        }
    }

    private static List<FaultKind> Possible(ChaosShop shop, ChaosOptions options) =>
    [
        .. options.Kinds.Where(k => k switch
        {
            FaultKind.FullDisk => shop.Disk is not null,
            FaultKind.Skew => WrongClock.IsPossible,
            FaultKind.Kill or FaultKind.Down or FaultKind.Freeze or FaultKind.Failover or FaultKind.WipeQueues or FaultKind.Cut
                or FaultKind.Silence or FaultKind.Delay or FaultKind.Narrow => true,
            _ => throw new InvalidOperationException(),
        }),
    ];

    private static string Line(LoadMeter meter, Buyers buyers, IReadOnlyList<string> open) => string.Create(
        CultureInfo.InvariantCulture,
        $"{meter.Now:mm\\:ss}  offered {meter.Offered:N0}  accepted {meter.Accepted:N0}  delivered {meter.Delivered:N0}  buyers waiting {buyers.Unfinished:N0}  now: {(open.Count == 0 ? "calm" : string.Join(" + ", open))}");
}
