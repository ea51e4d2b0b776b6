using CardShop.LogBroker.Protocol;
using Microsoft.Extensions.Logging;

namespace CardShop.LogBroker.Groups;

/// <summary>
/// One consumer group: members join, the broker picks an assignor that all offer and a leader, the leader assigns, all
/// learn their part. Time comes in with every call; <see cref="Tick"/> ends what has waited too long. The caller holds
/// the group's lock (the object itself).
/// </summary>
internal sealed partial class Group(string id, TimeSpan initialDelay, ILogger logger)
{
    private const int MaxMembers = 1000;

    /// <summary>What one member may have the broker keep: subscriptions and assignments are a few kilobytes.</summary>
    private const int MaxMemberBytes = 1024 * 1024;

    private readonly Dictionary<string, Member> _members = [];
    private readonly Dictionary<string, string> _staticMembers = [];
    private readonly Dictionary<string, DateTimeOffset> _pending = [];
    private string? _protocolType;
    private string? _protocol;
    private string? _leader;
    private DateTimeOffset _rebalanceEnds;
    private DateTimeOffset _rebalanceEndsLatest;
    private bool _waitsForFirstMembers;

    public string Id => id;

    public GroupState State { get; private set; } = GroupState.Empty;

    public int Generation { get; private set; }

    public string ProtocolType => _protocolType ?? "";

    public bool HasMembers => _members.Count > 0 || _pending.Count > 0;

    public Task<JoinResult> Join(JoinRequest request, DateTimeOffset now)
    {
        var error = CheckJoin(request);
        if (error != ErrorCode.None)
        {
            return Task.FromResult(JoinResult.Failed(error, request.MemberId));
        }

        return request.MemberId.Length == 0 ? JoinAsNew(request, now) : JoinAsKnown(request, now);
    }

    public Task<SyncResult> Sync(SyncRequest request, DateTimeOffset now)
    {
        var error = CheckMember(request.MemberId, request.InstanceId, request.Generation, out var member);
        if (error == ErrorCode.None && State == GroupState.PreparingRebalance)
        {
            error = ErrorCode.RebalanceInProgress;
        }

        if (error == ErrorCode.None
            && ((request.ProtocolType is { } type && type != _protocolType)
                || (request.Protocol is { } protocol && protocol != _protocol)))
        {
            error = ErrorCode.InconsistentGroupProtocol;
        }

        if (error == ErrorCode.None && request.Assignments.Values.Any(a => a.Length > MaxMemberBytes))
        {
            error = ErrorCode.InvalidRequest;
        }

        if (error != ErrorCode.None || member is null)
        {
            return Task.FromResult(SyncResult.Failed(error));
        }

        member.Heard(now);
        if (State == GroupState.Stable)
        {
            return Task.FromResult(SyncAnswer(member));
        }

        member.Syncing?.TrySetResult(SyncResult.Failed(ErrorCode.RebalanceInProgress));
        var source = new TaskCompletionSource<SyncResult>(TaskCreationOptions.RunContinuationsAsynchronously);
        member.Syncing = source;
        if (member.Id == _leader)
        {
            TakeAssignments(request.Assignments, now);
        }

        return source.Task;
    }

    public ErrorCode Heartbeat(string memberId, string? instanceId, int generation, DateTimeOffset now)
    {
        var error = CheckMember(memberId, instanceId, generation, out var member);
        if (error != ErrorCode.None)
        {
            return error;
        }

        member!.Heard(now);
        return State == GroupState.PreparingRebalance ? ErrorCode.RebalanceInProgress : ErrorCode.None;
    }

    public ErrorCode Leave(string memberId, string? instanceId, DateTimeOffset now)
    {
        if (instanceId is not null && memberId.Length == 0 && _staticMembers.TryGetValue(instanceId, out var known))
        {
            memberId = known;
        }

        if (_pending.Remove(memberId))
        {
            CompleteJoinIfAllAreHere(now);
            return ErrorCode.None;
        }

        var error = CheckIdentity(memberId, instanceId, out var member);
        if (error == ErrorCode.None)
        {
            Remove(member!, "it left", now);
        }

        return error;
    }

    /// <summary>
    /// May these offsets be committed? Generation -1 is a consumer that assigns itself; it needs an empty group.
    /// </summary>
    public ErrorCode CheckCommit(string memberId, string? instanceId, int generation, DateTimeOffset now)
    {
        if (generation < 0 && State == GroupState.Empty)
        {
            return ErrorCode.None;
        }

        var error = CheckMember(memberId, instanceId, generation, out var member);
        if (error != ErrorCode.None)
        {
            return error;
        }

        member!.Heard(now);
        return State == GroupState.CompletingRebalance ? ErrorCode.RebalanceInProgress : ErrorCode.None;
    }

    /// <summary>Ends sessions and rebalances whose time is over.</summary>
    public void Tick(DateTimeOffset now)
    {
        foreach (var expired in _pending.Where(p => p.Value <= now).Select(p => p.Key).ToList())
        {
            _pending.Remove(expired);
        }

        foreach (var member in _members.Values.Where(m => !m.IsOwedAnAnswer && m.SessionEnds <= now).ToList())
        {
            Remove(member, "its session timed out", now);
        }

        if (State == GroupState.PreparingRebalance)
        {
            if (_rebalanceEnds <= now)
            {
                CompleteJoin(now);
            }
            else
            {
                CompleteJoinIfAllAreHere(now);
            }
        }
        else if (State == GroupState.CompletingRebalance && _rebalanceEnds <= now)
        {
            RemoveThoseWithoutSync(now);
        }
    }

    public GroupDescription Describe() => new(
        State,
        ProtocolType,
        State == GroupState.Stable ? _protocol ?? "" : "",
        [.. _members.Values.Select(m => new MemberDescription(
            m.Id, m.InstanceId, m.ClientId, m.ClientHost, m.MetadataFor(_protocol), m.Assignment))]);

    /// <summary>Is this topic read by a member? Offsets of such topics are not to be deleted.</summary>
    public bool IsConsumer => _protocolType == "consumer" && _members.Count > 0;

    /// <summary>Refuses everybody who waits; the group is not used any more.</summary>
    public void Kill(DateTimeOffset now)
    {
        State = GroupState.Dead;
        foreach (var member in _members.Values)
        {
            member.AnswerJoin(JoinResult.Failed(ErrorCode.UnknownMemberId, member.Id), now);
            member.AnswerSync(SyncResult.Failed(ErrorCode.UnknownMemberId), now);
        }
    }

    private ErrorCode CheckJoin(JoinRequest request)
    {
        if (State == GroupState.Dead)
        {
            return ErrorCode.UnknownMemberId;
        }

        if (request.Protocols.Count == 0 || request.ProtocolType.Length == 0)
        {
            return ErrorCode.InconsistentGroupProtocol;
        }

        if (request.Protocols.Sum(p => (long)p.Metadata.Length) > MaxMemberBytes)
        {
            return ErrorCode.InvalidRequest;
        }

        var others = _members.Values.Where(m => m.Id != request.MemberId
            && (request.InstanceId is null || m.InstanceId != request.InstanceId)).ToList();
        if (others.Count >= MaxMembers)
        {
            return ErrorCode.GroupMaxSizeReached;
        }

        return others.Count > 0
            && (request.ProtocolType != _protocolType
                || !request.Protocols.Any(p => others.TrueForAll(m => m.Protocols.Any(o => o.Name == p.Name))))
            ? ErrorCode.InconsistentGroupProtocol
            : ErrorCode.None;
    }

    private ErrorCode CheckMember(string memberId, string? instanceId, int generation, out Member? member)
    {
        var error = CheckIdentity(memberId, instanceId, out member);
        return error == ErrorCode.None && generation != Generation ? ErrorCode.IllegalGeneration : error;
    }

    private ErrorCode CheckIdentity(string memberId, string? instanceId, out Member? member)
    {
        member = null;
        if (instanceId is not null && _staticMembers.TryGetValue(instanceId, out var current) && current != memberId)
        {
            return ErrorCode.FencedInstanceId;
        }

        return State != GroupState.Dead && _members.TryGetValue(memberId, out member)
            ? ErrorCode.None
            : ErrorCode.UnknownMemberId;
    }

    private SyncResult SyncAnswer(Member member) => new(ErrorCode.None, _protocolType, _protocol, member.Assignment);

    private void TakeAssignments(IReadOnlyDictionary<string, byte[]> assignments, DateTimeOffset now)
    {
        State = GroupState.Stable;
        foreach (var member in _members.Values)
        {
            member.Assignment = assignments.GetValueOrDefault(member.Id) ?? [];
        }

        foreach (var member in _members.Values.Where(m => m.Syncing is not null))
        {
            member.AnswerSync(SyncAnswer(member), now);
        }
    }
}
