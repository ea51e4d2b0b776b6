using System.Globalization;
using CardShop.Shopctl.Servers;
using Npgsql;

namespace CardShop.Shopctl.Audit;

/// <summary>One audit: the snapshot, then the log, then what only both together can say.</summary>
/// <param name="now">The moment that due times are judged by; null = the present. A restored copy is judged by its own last moment.</param>
internal sealed class AuditRunner(ShopServers servers, TimeSpan grace, DateTimeOffset? now = null)
{
    private readonly AuditMemory _memory = new();
    private readonly AuditReport _report = new();

    public async Task<AuditReport> RunAsync(CancellationToken cancellation)
    {
        await using (var connection = await servers.Database.OpenConnectionAsync(cancellation))
        {
            await new SnapshotReader(connection, _memory, _report, now ?? servers.Time.GetUtcNow(), grace).ReadAsync(cancellation);
        }

        var log = new LogChecks(_memory, _report, servers.Settings.Region);
        await log.RunAsync(new(servers.Log, servers.Time), cancellation);
        await ConcludeAsync(log, cancellation);
        if (servers.Settings.HasSecrets)
        {
            await KeySample.CheckAsync(servers.Database, servers.OpenVault(), _report.Secrecy, cancellation);
        }
        else
        {
            _report.Secrecy.Skip("Secrets__Directory is not set");
        }

        return _report;
    }

    private async Task ConcludeAsync(LogChecks log, CancellationToken cancellation)
    {
        var named = new Dictionary<(UInt128 Order, InvariantCheck Check), string>();
        var unnamed = new List<InvariantCheck>();
        long underWay = 0, trimmed = 0;
        foreach (var (digest, order) in _memory.Orders)
        {
            if (!order.Is(OrderTraits.Delivered))
            {
                continue;
            }

            _report.Events.Saw();
            if (order.Named != order.Held)
            {
                Found(digest, _report.Keys, "the keys sold to it are not the keys that its document names");
            }

            if (order.Is(OrderTraits.EventsDiffer))
            {
                Found(digest, _report.Events, "OrderDelivered twice, and different");
            }
            else if (!order.Is(OrderTraits.EventSeen))
            {
                underWay += order.Is(OrderTraits.EventUnderWay) ? 1 : 0;
                trimmed += !order.Is(OrderTraits.EventUnderWay) && log.IsTrimmed(order.Partition) ? 1 : 0;
                if (!order.Is(OrderTraits.EventUnderWay) && !log.IsTrimmed(order.Partition))
                {
                    Found(digest, _report.Events, "delivered, but there is no OrderDelivered");
                }
            }
        }

        await NameAsync(named, cancellation);
        unnamed.ForEach(check => check.Violate("…"));
        Note(underWay, "under way: the event is in the outbox or parked");
        Note(trimmed, "not found where older records were trimmed");

        void Found(UInt128 digest, InvariantCheck check, string text)
        {
            if (named.Keys.Count(k => ReferenceEquals(k.Check, check)) < InvariantCheck.MaxExamples)
            {
                named[(digest, check)] = text;
            }
            else
            {
                unnamed.Add(check);
            }
        }

        void Note(long count, string text)
        {
            if (count > 0)
            {
                _report.Events.Note(string.Create(CultureInfo.InvariantCulture, $"{count:N0} {text}"));
            }
        }
    }

    /// <summary>The memory holds digests only: the ids of the few that are shown are looked up.</summary>
    private async Task NameAsync(
        Dictionary<(UInt128 Order, InvariantCheck Check), string> found, CancellationToken cancellation)
    {
        if (found.Count == 0)
        {
            return;
        }

        await using var command = servers.Database.CreateCommand("SELECT id FROM shop.mt_doc_deliverysaga");
        command.CommandTimeout = 0;
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellation);
        while (found.Count > 0 && await reader.ReadAsync(cancellation))
        {
            var id = reader.GetString(0);
            var digest = Digest.Of(id);
            foreach (var key in found.Keys.Where(k => k.Order == digest).ToList())
            {
                key.Check.Violate($"{id}: {found[key]}");
                found.Remove(key);
            }
        }

        foreach (var (key, text) in found)
        {
            key.Check.Violate(text);
        }
    }
}
