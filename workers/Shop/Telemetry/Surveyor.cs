using System.Data;
using CardShop.Contracts;
using CardShop.Pipeline;
using CardShop.Pipeline.Bus;
using CardShop.Pipeline.Documents;
using CardShop.Pipeline.Log;
using CardShop.Shop.Store;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace CardShop.Shop.Telemetry;

/// <summary>
/// Looks at the whole shop on a slow tick: what waits, how far groups are behind, whether stock rows and keys agree. One
/// process does, which holds an advisory lock as long as it lives; the others stand by and tell only whether PostgreSQL
/// answers.
/// </summary>
/// <param name="channels">Those that are set up.</param>
/// <param name="every">Between two looks.</param>
public sealed class Surveyor(
    NpgsqlDataSource database, ILog log, ILogRanges ranges, RabbitBus bus, IReadOnlyList<string> channels, TimeSpan every, TimeProvider time,
    ILogger<Surveyor> logger)
{
    private const long LockId = 0x73757276657900; // "survey"
    private const string Postgres = "postgres";

    /// <summary>A retry queue's messages wait on purpose; the error queue's wait for an operator.</summary>
    private static readonly IReadOnlyList<string> AllQueues =
    [
        .. Queues.Work, Queues.Error,
        .. Queues.Work.SelectMany(q => Pipeline.Batches.RetryPolicy.Delays.Select(d => q + d.Suffix)),
    ];

    private readonly StockRound _stock = new();
    private readonly QueueAges _ages = new(ranges);
    private volatile Survey? _last;
    private volatile IReadOnlyDictionary<string, bool> _servers = new Dictionary<string, bool>();

    /// <summary>The last look; null in a process that stands by.</summary>
    public Survey? Last => _last;

    /// <summary>Whether each server answered when last asked, by name; one that this process did not ask is absent.</summary>
    public IReadOnlyDictionary<string, bool> Servers => _servers;

    public async Task RunAsync(CancellationToken cancellation)
    {
        while (!cancellation.IsCancellationRequested)
        {
            try
            {
                await HoldAsync(cancellation);
            }
            catch (Exception e) when (Failures.IsPlace(e) && !cancellation.IsCancellationRequested)
            {
                ShopLog.ScanFailed(logger, "survey", e.Message);
                Answered(Postgres, false);
            }
            finally
            {
                // Who does not hold the lock asks the others no more: what they answered once is not to stand for ever.
                _last = null;
                _servers = _servers.Where(s => s.Key == Postgres).ToDictionary(s => s.Key, s => s.Value);
            }

            await Task.Delay(every, time, cancellation);
        }
    }

    /// <summary>Looks again and again for as long as the connection and with it the lock lasts; returns at once where another has it.</summary>
    private async Task HoldAsync(CancellationToken cancellation)
    {
        await using var held = await AdvisoryLock.TryTakeAsync(database, LockId, cancellation);
        Answered(Postgres, true);
        if (held is null)
        {
            return;
        }

        try
        {
            while (true)
            {
                _last = await LookAsync(held.Connection, cancellation);
                Answered(Postgres, true);
                await Task.Delay(every, time, cancellation);
            }
        }
        catch (InvalidOperationException e) when (held.Connection.State != ConnectionState.Open)
        {
            // Lost while nothing was asked of it: Npgsql says that in another way than in the midst of a statement.
            throw new PlaceException("The connection to PostgreSQL was lost.", e);
        }
    }

    private async Task<Survey> LookAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        var now = time.GetUtcNow();
        // Progress before the log's ends: a difference is never negative in a healthy shop.
        var state = await SurveyStatements.DatabaseAsync(connection, channels, now, cancellation);
        _stock.Take(await SurveyStatements.StockAsync(connection, _stock.After, cancellation));
        var ends = await AskAsync(
            "log", () => log.EndsAsync([.. FleetGroups.All.SelectMany(g => g.Topics), Topics.DeadLetters], cancellation), cancellation);
        var queues = await AskAsync("rabbitmq", () => bus.DepthsAsync(AllQueues, cancellation), cancellation);
        var watched = FleetGroups.Partitions;
        return new(
            now, state,
            ends is null ? null : watched.ToDictionary(w => w, w => Math.Max(0, ends.GetValueOrDefault(w.Item2) - state.Progress.GetValueOrDefault(w))),
            ends is null ? null : await _ages.LookAsync(now, ends, watched, state.Progress, cancellation),
            ends?.Where(e => e.Key.Topic == Topics.DeadLetters.Name).Sum(e => e.Value),
            queues, _stock.Lowest, _stock.Drifting);
    }

    private async Task<T?> AskAsync<T>(string server, Func<Task<T>> ask, CancellationToken cancellation)
        where T : class
    {
        try
        {
            var answer = await ask().WaitAsync(TimeSpan.FromSeconds(15), time, cancellation);
            Answered(server, true);
            return answer;
        }
        catch (Exception e) when ((Failures.IsPlace(e) || e is TimeoutException) && !cancellation.IsCancellationRequested)
        {
            ShopLog.ScanFailed(logger, "survey of " + server, e.Message);
            Answered(server, false);
            return null;
        }
    }

    private void Answered(string server, bool answered) =>
        _servers = new Dictionary<string, bool>(_servers) { [server] = answered };
}
