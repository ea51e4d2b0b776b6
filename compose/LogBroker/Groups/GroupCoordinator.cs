using CardShop.LogBroker.Protocol;
using Microsoft.Extensions.Logging;

namespace CardShop.LogBroker.Groups;

/// <summary>
/// All groups, and the clock that ends their sessions. Members live in memory only: after a restart they join again.
/// </summary>
internal sealed class GroupCoordinator : IDisposable
{
    private const int MaxGroups = 10_000;
    private static readonly TimeSpan TickEvery = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan ShortestSession = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestSession = TimeSpan.FromMinutes(30);

    private readonly Lock _gate = new();
    private readonly Dictionary<string, Group> _groups = [];
    private readonly TimeProvider _clock;
    private readonly ILogger _logger;
    private readonly TimeSpan _initialDelay;
    private readonly ITimer _timer;

    public GroupCoordinator(OffsetStore offsets, TimeProvider clock, TimeSpan initialDelay, ILogger logger)
    {
        Offsets = offsets;
        _clock = clock;
        _initialDelay = initialDelay;
        _logger = logger;
        _timer = clock.CreateTimer(_ => Tick(), null, TickEvery, TickEvery);
    }

    public OffsetStore Offsets { get; }

    public Task<JoinResult> Join(string groupId, JoinRequest request)
    {
        if (groupId.Length == 0)
        {
            return Task.FromResult(JoinResult.Failed(ErrorCode.InvalidGroupId, request.MemberId));
        }

        if (request.SessionTimeout < ShortestSession || request.SessionTimeout > LongestSession)
        {
            return Task.FromResult(JoinResult.Failed(ErrorCode.InvalidSessionTimeout, request.MemberId));
        }

        var group = Find(groupId);
        if (group is null && request.MemberId.Length > 0)
        {
            return Task.FromResult(JoinResult.Failed(ErrorCode.UnknownMemberId, request.MemberId));
        }

        group ??= FindOrAdd(groupId);
        if (group is null)
        {
            return Task.FromResult(JoinResult.Failed(ErrorCode.CoordinatorNotAvailable, request.MemberId));
        }

        lock (group)
        {
            return group.Join(request, _clock.GetUtcNow());
        }
    }

    public Task<SyncResult> Sync(string groupId, SyncRequest request) => With(
        groupId,
        group => group.Sync(request, _clock.GetUtcNow()),
        Task.FromResult(SyncResult.Failed(ErrorCode.UnknownMemberId)));

    public ErrorCode Heartbeat(string groupId, string memberId, string? instanceId, int generation) => With(
        groupId,
        group => group.Heartbeat(memberId, instanceId, generation, _clock.GetUtcNow()),
        ErrorCode.UnknownMemberId);

    public ErrorCode Leave(string groupId, string memberId, string? instanceId) => With(
        groupId, group => group.Leave(memberId, instanceId, _clock.GetUtcNow()), ErrorCode.UnknownMemberId);

    public async Task<ErrorCode> Commit(
        string groupId,
        string memberId,
        string? instanceId,
        int generation,
        IReadOnlyList<(string Topic, int Partition, CommittedOffset? Value)> positions)
    {
        var unknown = generation < 0 ? ErrorCode.None
            : Offsets.Contains(groupId) ? ErrorCode.UnknownMemberId
            : ErrorCode.IllegalGeneration;
        var allowed = groupId.Length == 0
            ? ErrorCode.InvalidGroupId
            : With(groupId, g => g.CheckCommit(memberId, instanceId, generation, _clock.GetUtcNow()), unknown);
        if (allowed != ErrorCode.None)
        {
            return allowed;
        }

        // Clients repeat a commit when the coordinator is not available, as they do while one moves in a cluster.
        var stored = await Offsets.Commit(groupId, positions);
        return stored == ErrorCode.KafkaStorageError ? ErrorCode.CoordinatorNotAvailable : stored;
    }

    /// <summary>Deletes an empty group with its offsets.</summary>
    public async Task<ErrorCode> Delete(string groupId)
    {
        var known = Offsets.Contains(groupId);
        var error = With(groupId, g => g.HasMembers ? ErrorCode.NonEmptyGroup : ErrorCode.None,
            known ? ErrorCode.None : ErrorCode.GroupIdNotFound);
        if (error != ErrorCode.None)
        {
            return error;
        }

        if (Find(groupId) is { } abandoned)
        {
            RemoveAbandoned([abandoned]);
        }

        var positions = Offsets.All(groupId).Select(o => (o.Topic, o.Partition, (CommittedOffset?)null)).ToList();
        return await Offsets.Commit(groupId, positions) == ErrorCode.None
            ? ErrorCode.None
            : ErrorCode.CoordinatorNotAvailable;
    }

    public GroupDescription? Describe(string groupId) => With(
        groupId,
        group => group.Describe(),
        Offsets.Contains(groupId) ? new GroupDescription(GroupState.Empty, "consumer", "", []) : null);

    public IReadOnlyList<(string Id, string ProtocolType, GroupState State)> List()
    {
        List<Group> groups;
        lock (_gate)
        {
            groups = [.. _groups.Values];
        }

        var listed = new List<(string, string, GroupState)>();
        foreach (var group in groups)
        {
            lock (group)
            {
                listed.Add((group.Id, group.ProtocolType, group.State));
            }
        }

        var active = groups.Select(g => g.Id).ToHashSet();
        return [.. listed,
            .. Offsets.Groups.Where(g => !active.Contains(g)).Select(g => (g, "consumer", GroupState.Empty))];
    }

    /// <summary>Answers everybody who waits for a rebalance, before the broker stops.</summary>
    public void Dispose()
    {
        _timer.Dispose();
        lock (_gate)
        {
            foreach (var group in _groups.Values)
            {
                lock (group)
                {
                    group.Kill(_clock.GetUtcNow());
                }
            }

            _groups.Clear();
        }
    }

    private void Tick()
    {
        List<Group> groups;
        lock (_gate)
        {
            groups = [.. _groups.Values];
        }

        foreach (var group in groups)
        {
            lock (group)
            {
                group.Tick(_clock.GetUtcNow());
            }
        }

        RemoveAbandoned(groups);
    }

    /// <summary>A group without members needs no object: its offsets stand in the store.</summary>
    private void RemoveAbandoned(List<Group> groups)
    {
        foreach (var group in groups)
        {
            lock (_gate)
            {
                lock (group)
                {
                    if (!group.HasMembers && group.State == GroupState.Empty)
                    {
                        group.Kill(_clock.GetUtcNow());
                        _groups.Remove(group.Id);
                    }
                }
            }
        }
    }

    private Group? Find(string groupId)
    {
        lock (_gate)
        {
            return _groups.GetValueOrDefault(groupId);
        }
    }

    private Group? FindOrAdd(string groupId)
    {
        lock (_gate)
        {
            if (!_groups.TryGetValue(groupId, out var group) && _groups.Count < MaxGroups)
            {
                _groups[groupId] = group = new Group(groupId, _initialDelay, _logger);
            }

            return group;
        }
    }

    private T With<T>(string groupId, Func<Group, T> action, T otherwise)
    {
        if (Find(groupId) is not { } group)
        {
            return otherwise;
        }

        lock (group)
        {
            return action(group);
        }
    }
}
