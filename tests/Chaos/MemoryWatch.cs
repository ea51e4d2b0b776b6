using System.Globalization;
using CardShop.Tests.Chaos.Shop;

namespace CardShop.Tests.Chaos;

/// <summary>The most memory that each API and fleet held, looked at every five seconds.</summary>
public sealed class MemoryWatch
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(5);

    private readonly ChaosShop _shop;
    private readonly SortedDictionary<string, double> _most = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource _stop;
    private readonly Task _run;

    public MemoryWatch(ChaosShop shop, CancellationToken cancellation)
    {
        _shop = shop;
        _stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        _run = RunAsync();
    }

    /// <summary>Megabytes by part.</summary>
    public IReadOnlyDictionary<string, double> Most => _most;

    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await _run;
    }

    private async Task RunAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            foreach (var part in _shop.Parts.Where(p => p.Name.StartsWith("api", StringComparison.Ordinal) || p.Name.StartsWith("fleet", StringComparison.Ordinal)))
            {
                var now = Resident(part.ProcessId);
                _most[part.Name] = Math.Max(now, _most.GetValueOrDefault(part.Name));
            }

            await Task.WhenAny(Task.Delay(Every, _stop.Token));
        }
    }

    private static double Resident(int pid)
    {
        try
        {
            var line = pid == 0 ? null : File.ReadLines($"/proc/{pid}/status").FirstOrDefault(l => l.StartsWith("VmRSS:", StringComparison.Ordinal));
            return line is null ? 0 : long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) / 1024.0;
        }
        catch (IOException)
        {
            // It has just ended.
            return 0;
        }
    }
}
