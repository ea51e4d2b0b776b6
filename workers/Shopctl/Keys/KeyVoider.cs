using System.Globalization;
using System.Text;
using System.Text.Json;
using CardShop.Contracts;
using CardShop.Pipeline.Log;
using CardShop.Shopctl.Settings;
using Npgsql;

namespace CardShop.Shopctl.Keys;

/// <summary>What a void came to.</summary>
public sealed class VoidReport
{
    /// <summary>Now void by this command.</summary>
    public long Voided { get; set; }

    /// <summary>Sold before: they stay sold.</summary>
    public long Sold { get; set; }

    /// <summary>Void before.</summary>
    public long Void { get; set; }

    /// <summary>Unsold, but needed: orders hold a reservation on them, or were being delivered.</summary>
    public long Kept { get; set; }
}

/// <summary>Sends KeysVoided records to shop.key-batches.v1 and waits until the delivery fleet has done each.</summary>
/// <param name="reason">Why, in the operator's words; it stands in the record.</param>
public sealed class KeyVoider(ILog log, NpgsqlDataSource database, string who, string reason, TimeProvider time)
{
    /// <summary>Ids of a record: some 200 kB.</summary>
    private const int MaxKeys = 5_000;

    private const int MaxPolled = 500;
    private static readonly TimeSpan PollEvery = TimeSpan.FromMilliseconds(200);

    private readonly Dictionary<string, int> _pending = [];
    private int _sent;

    public VoidReport Report { get; } = new();

    /// <summary>Sends the unsold ones of these keys; the others are counted.</summary>
    public async Task SendAsync(IReadOnlyList<StockedKey> keys, CancellationToken cancellation)
    {
        Report.Sold += keys.Count(k => k.Status == "sold");
        Report.Void += keys.Count(k => k.Status == "void");
        foreach (var product in keys.Where(k => k.Status == "unsold").GroupBy(k => (k.Sku, k.Region)))
        {
            foreach (var ids in product.Select(k => k.Id).Chunk(MaxKeys))
            {
                var order = new KeysVoided(
                    KeysCommands.NewId(time.GetUtcNow()), product.Key.Sku, product.Key.Region, reason, who,
                    time.GetUtcNow(), ids);
                await log.ProduceAsync(
                    new(
                        Topics.KeyBatches.Name, Topics.KeyBatches.PartitionOf(order.Sku), Encoding.UTF8.GetBytes(order.Sku),
                        JsonSerializer.SerializeToUtf8Bytes(order, ContractsJson.Default.KeysVoided),
                        [new(RecordHeaders.Type, Encoding.UTF8.GetBytes(MessageTypes.KeysVoided))]),
                    cancellation);
                _pending[order.VoidId] = ids.Length;
                _sent++;
            }
        }
    }

    /// <summary>Waits until every record is done.</summary>
    /// <param name="patience">How long nothing may be done before waiting ends.</param>
    /// <exception cref="ShopctlException">The fleet does nothing; what was sent is durable and will be done.</exception>
    public async Task WaitAsync(Action<double> report, TimeSpan patience, CancellationToken cancellation)
    {
        var moved = time.GetTimestamp();
        while (_pending.Count > 0)
        {
            if (await PollAsync(cancellation))
            {
                moved = time.GetTimestamp();
                report(1 - ((double)_pending.Count / _sent));
                continue;
            }

            if (time.GetElapsedTime(moved) > patience)
            {
                throw new ShopctlException(
                    ExitCodes.Failed,
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"{_pending.Count:N0} of {_sent:N0} voids are durable in Kafka but not done, and nothing moved for ") +
                    $"{patience.TotalSeconds:F0} s: start the delivery fleet, it does them.");
            }

            await Task.Delay(PollEvery, time, cancellation);
        }
    }

    private async Task<bool> PollAsync(CancellationToken cancellation)
    {
        await using var command = database.CreateCommand("SELECT id, voided FROM shop.key_voids WHERE id = ANY($1)");
        command.Parameters.Add(new() { Value = _pending.Keys.Take(MaxPolled).ToArray() });
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var moved = false;
        while (await reader.ReadAsync(cancellation))
        {
            if (_pending.Remove(reader.GetString(0), out var asked))
            {
                Report.Voided += reader.GetInt32(1);
                Report.Kept += asked - reader.GetInt32(1);
                moved = true;
            }
        }

        return moved;
    }
}
