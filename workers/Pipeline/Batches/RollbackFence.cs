using System.Collections.Concurrent;
using CardShop.Contracts;
using CardShop.Pipeline.Log;
using Microsoft.Extensions.Logging;

namespace CardShop.Pipeline.Batches;

/// <summary>A consumer group and the topics that it keeps progress of.</summary>
public sealed record FencedGroup(string Name, IReadOnlyList<Topic> Topics);

/// <summary>
/// Refuses to work on a PostgreSQL that is older than the log says: restored from a backup, or failed over
/// asynchronously. Witnesses outside PostgreSQL are the groups' committed offsets and the commit numbers in the headers
/// of the last records of shop.saga-facts and shop.deliveries and of every command received.
/// </summary>
public sealed class RollbackFence(
    ILog log, IFenceDatabase database, IReadOnlyList<FencedGroup> groups, ILogger<RollbackFence> logger)
{
    private const int TailRecords = 1_000;
    private const string Restarted = "the database server was started again, and is being compared with the log";

    private readonly SemaphoreSlim _checking = new(1);
    private readonly ConcurrentDictionary<(string Group, PartitionKey Partition), long> _committed = new();
    private DateTimeOffset? _checkedStart;
    private long _highestSeen;
    private long _ownCommit;
    private volatile string? _reason = "not checked yet";

    /// <summary>Why nothing may be worked on; null when the fence is open.</summary>
    public string? Reason => _reason;

    /// <summary>True when a check found the database older than the log.</summary>
    public bool IsFenced { get; private set; }

    /// <summary>
    /// Asked with the opening of every transaction. Throws <see cref="FencedException"/> where the server is another one
    /// than last checked, a witness is ahead of it, or it forgot what this process committed.
    /// </summary>
    public void Require(string group, Opening opening, long highestCommitSeen)
    {
        // Remembered, or the next check, which sees the log alone, would open the fence again.
        InterlockedMax(ref _highestSeen, highestCommitSeen);
        if (_reason is null && opening.ServerStartedAt != _checkedStart)
        {
            _reason = Restarted;
        }
        else if (_reason is null && highestCommitSeen > opening.CommitNo)
        {
            Close($"a message names commit {highestCommitSeen}, the database stands at {opening.CommitNo}");
        }

        foreach (var (partition, next) in opening.Progress)
        {
            if (_committed.TryGetValue((group, partition), out var own) && next < own)
            {
                Close($"{partition.Topic}[{partition.Partition}] stands at {next}, this process committed {own}");
            }
        }

        if (_reason is { } reason)
        {
            throw new FencedException(reason);
        }
    }

    /// <summary>
    /// Asks the server who it is, for writers that have no opening of their own and for an idle process. A writer asks
    /// after it has read what it will send: what came from another server than last checked is then not sent.
    /// </summary>
    /// <returns>True when the fence is open.</returns>
    public async Task<bool> ProbeAsync(CancellationToken cancellation)
    {
        if (_reason is not null)
        {
            return false;
        }

        if (await database.StartedAtAsync(cancellation) != _checkedStart)
        {
            _reason ??= Restarted;
        }

        return _reason is null;
    }

    /// <summary>Remembers what this process committed.</summary>
    /// <param name="commit">The number of its transaction.</param>
    public void Committed(string group, IReadOnlyList<ProgressMove> moves, long commit)
    {
        InterlockedMax(ref _ownCommit, commit);
        foreach (var move in moves)
        {
            _committed[(group, move.Partition)] = move.Next;
        }
    }

    /// <summary>Compares the database with every witness; opens or closes the fence.</summary>
    public async Task CheckAsync(CancellationToken cancellation)
    {
        await _checking.WaitAsync(cancellation);
        try
        {
            // The witnesses first: whatever they name was committed before they were written.
            var committed = new Dictionary<(string Group, PartitionKey Partition), long>();
            foreach (var group in groups)
            {
                foreach (var (partition, offset) in await log.CommittedAsync(group.Name, group.Topics, cancellation))
                {
                    committed[(group.Name, partition)] = offset;
                }
            }

            var highest = Math.Max(Volatile.Read(ref _highestSeen), Volatile.Read(ref _ownCommit));
            foreach (var topic in new[] { Topics.SagaFacts, Topics.Deliveries })
            {
                var tail = await log.TailAsync(topic, TailRecords, cancellation);
                highest = Math.Max(highest, tail.Count == 0 ? 0 : tail.Max(r => r.Commit));
            }

            await CompareAsync(committed, highest, cancellation);
        }
        finally
        {
            _checking.Release();
        }
    }

    private async Task CompareAsync(
        Dictionary<(string Group, PartitionKey Partition), long> committed, long highest, CancellationToken cancellation)
    {
        var own = _committed.ToArray();
        var reading = await database.ReadAsync(cancellation);
        var (startedAt, commit, progress) = reading;
        var ahead = committed.Where(c => c.Value > progress.GetValueOrDefault(c.Key)).ToList();
        _checkedStart = startedAt;
        if (reading.Objection is { } objection)
        {
            Close(objection);
        }
        else if (highest > commit)
        {
            Close($"log and commands name commit {highest}, the database stands at {commit}");
        }
        else if (ahead.Count > 0)
        {
            var ((group, partition), offset) = ahead[0];
            Close($"group {group} had processed {partition.Topic}[{partition.Partition}] up to {offset}, " +
                $"the database stands at {progress.GetValueOrDefault((group, partition))}");
        }
        else
        {
            // It stands beyond all that this process committed. Where it lacks some of that all the same, it was recovered
            // from the log, or has gone on without: what this process remembers is no witness any more.
            foreach (var memory in own.Where(m => m.Value > progress.GetValueOrDefault(m.Key)))
            {
                _committed.TryRemove(memory);
            }

            IsFenced = false;
            _reason = null;
            PipelineLog.FenceOpen(logger, commit);
        }
    }

    private static void InterlockedMax(ref long target, long value)
    {
        var seen = Volatile.Read(ref target);
        while (value > seen)
        {
            var before = Interlocked.CompareExchange(ref target, value, seen);
            if (before == seen)
            {
                return;
            }

            seen = before;
        }
    }

    private void Close(string reason)
    {
        if (!IsFenced || _reason != reason)
        {
            PipelineLog.Fenced(logger, reason);
        }

        IsFenced = true;
        _reason = reason;
    }
}
