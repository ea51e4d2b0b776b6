using System.Globalization;
using System.Text;
using System.Text.Json;
using CardShop.Contracts;
using CardShop.Pipeline;
using CardShop.Pipeline.Log;
using CardShop.Shopctl.Servers;
using CardShop.Shopctl.Settings;

namespace CardShop.Shopctl.Keys;

/// <summary>
/// Takes keys to shop.key-batches.v1, a batch at a time, and waits until the delivery fleet has loaded each.
/// A batch is one record: whatever interrupts an import leaves whole batches, and the same file again sends only those that
/// are not loaded.
/// </summary>
public sealed class KeyImporter(ShopServers servers, KeyBatcher batcher, ImportReport report, IImportProgress progress)
{
    private const int MaxPolled = 500;

    /// <summary>Records that wait for their acknowledgement while the next batch is sealed.</summary>
    private const int MaxUnacknowledged = 4;

    private static readonly TimeSpan PollEvery = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan SpeakAfter = TimeSpan.FromSeconds(5);

    private readonly Dictionary<string, IReadOnlyList<long>> _pending = [];
    private readonly Queue<(Task<long> Sent, ImportBatch Batch)> _unacknowledged = new();
    private HashSet<string>? _known;
    private long _polled;
    private (string Topic, int Partition)? _place;
    private long _position;

    /// <param name="patience">How long no batch may be loaded before waiting ends.</param>
    /// <exception cref="ShopctlException">The fleet does not load; what was sent is durable and will be loaded.</exception>
    public async Task RunAsync(IAsyncEnumerable<KeyLine> lines, TimeSpan patience, CancellationToken cancellation)
    {
        await foreach (var line in lines.WithCancellation(cancellation))
        {
            if (batcher.Add(line, report) is { } batch)
            {
                await SendAsync(batch, cancellation);
            }
        }

        if (batcher.Take() is { } last)
        {
            await SendAsync(last, cancellation);
        }

        while (_unacknowledged.Count > 0)
        {
            await AcknowledgeAsync();
        }

        await WaitAsync(patience, cancellation);
    }

    private async Task SendAsync(ImportBatch batch, CancellationToken cancellation)
    {
        var message = batch.Message;
        _known ??= await KnownAsync(cancellation);
        if (_known.Contains(message.BatchId))
        {
            report.Known(batch.Lines);
            progress.Report(report);
            return;
        }

        var record = new LogRecord(
            Topics.KeyBatches.Name, Topics.KeyBatches.PartitionOf(message.Sku), Encoding.UTF8.GetBytes(message.Sku),
            JsonSerializer.SerializeToUtf8Bytes(message, ContractsJson.Default.KeysImported),
            [new(RecordHeaders.Type, Encoding.UTF8.GetBytes(MessageTypes.KeysImported))]);
        _place = (record.Topic, record.Partition);
        // Its lines are needed, its keys are not.
        _unacknowledged.Enqueue(
            (servers.Log.ProduceAsync(record, cancellation), batch with { Message = message with { Keys = [] } }));
        if (_unacknowledged.Count >= MaxUnacknowledged)
        {
            await AcknowledgeAsync();
        }

        if (servers.Time.GetElapsedTime(_polled) >= PollEvery)
        {
            await PollAsync(cancellation);
        }
    }

    /// <summary>Waits for the oldest record that was sent.</summary>
    private async Task AcknowledgeAsync()
    {
        var (sent, batch) = _unacknowledged.Dequeue();
        try
        {
            await sent;
        }
        catch (PlaceException e)
        {
            throw new ShopctlException(
                ExitCodes.Unreachable,
                $"Kafka at {servers.Settings.Kafka} (setting {ShopctlSettings.KafkaName}) stopped taking records: " +
                $"{e.Message}. " +
                $"{Number(report.BatchesSent)} batches are durable. Import the file again: it goes on from there.",
                e);
        }

        _pending[batch.Message.BatchId] = batch.Lines;
        report.BatchesSent++;
        progress.Report(report);
    }

    /// <summary>Batches of this import that an earlier run of the same file had loaded.</summary>
    private async Task<HashSet<string>> KnownAsync(CancellationToken cancellation)
    {
        await using var command = servers.Database.CreateCommand("SELECT id FROM shop.key_batches WHERE import = $1");
        command.Parameters.Add(new() { Value = batcher.Import! });
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var known = new HashSet<string>();
        while (await reader.ReadAsync(cancellation))
        {
            known.Add(reader.GetString(0));
        }

        return known;
    }

    private async Task WaitAsync(TimeSpan patience, CancellationToken cancellation)
    {
        var moved = servers.Time.GetTimestamp();
        var said = false;
        while (_pending.Count > 0)
        {
            if (await PollAsync(cancellation))
            {
                moved = servers.Time.GetTimestamp();
                said = false;
                continue;
            }

            var waited = servers.Time.GetElapsedTime(moved);
            if (waited > patience)
            {
                throw new ShopctlException(
                    ExitCodes.Failed,
                    $"{Number(_pending.Count)} of {Number(report.BatchesSent)} batches are durable in Kafka but not loaded, " +
                    $"and nothing moved for {Number((long)patience.TotalSeconds)} s: start the delivery fleet, it loads them.");
            }

            if (!said && waited > SpeakAfter)
            {
                said = true;
                progress.Say("Nothing was loaded for 5 s: is the delivery fleet running?");
            }

            await Task.Delay(PollEvery, servers.Time, cancellation);
        }
    }

    /// <returns>True where the fleet has moved since the last look: in this import's batches, or in those before them.</returns>
    private async Task<bool> PollAsync(CancellationToken cancellation)
    {
        _polled = servers.Time.GetTimestamp();
        var position = await PositionAsync(cancellation);
        var loaded = await LoadedAsync(cancellation);
        var moved = loaded || position > _position;
        _position = position;
        return moved;
    }

    private async Task<long> PositionAsync(CancellationToken cancellation)
    {
        if (_place is not { } place)
        {
            return 0;
        }

        await using var command = servers.Database.CreateCommand(
            "SELECT next_offset FROM shop.progress WHERE grp = 'delivery' AND topic = $1 AND partition = $2");
        command.Parameters.Add(new() { Value = place.Topic });
        command.Parameters.Add(new() { Value = place.Partition });
        return await command.ExecuteScalarAsync(cancellation) is long position ? position : 0;
    }

    private async Task<bool> LoadedAsync(CancellationToken cancellation)
    {
        await using var command = servers.Database.CreateCommand(
            "SELECT id, duplicates FROM shop.key_batches WHERE id = ANY($1)");
        command.Parameters.Add(new() { Value = _pending.Keys.Take(MaxPolled).ToArray() });
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var moved = false;
        while (await reader.ReadAsync(cancellation))
        {
            if (_pending.Remove(reader.GetString(0), out var lines))
            {
                report.Loaded(lines, await reader.GetFieldValueAsync<int[]>(1, cancellation));
                moved = true;
            }
        }

        if (moved)
        {
            progress.Report(report);
        }

        return moved;
    }

    private static string Number(long value) => value.ToString("N0", CultureInfo.InvariantCulture);
}
