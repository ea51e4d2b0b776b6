using CardShop.LogBroker.Protocol;

namespace CardShop.LogBroker.Groups;

/// <summary>How members come, go, and are gathered into a new generation.</summary>
internal sealed partial class Group
{
    private Task<JoinResult> JoinAsNew(JoinRequest request, DateTimeOffset now)
    {
        if (request.InstanceId is { } instance && _staticMembers.TryGetValue(instance, out var former))
        {
            return ReplaceStatic(_members[former], request, now);
        }

        var memberId = $"{request.InstanceId ?? request.ClientId}-{Guid.NewGuid():D}";
        if (request.RequiresKnownMember && request.InstanceId is null)
        {
            _pending[memberId] = now + request.SessionTimeout;
            return Task.FromResult(JoinResult.Failed(ErrorCode.MemberIdRequired, memberId));
        }

        return Add(memberId, request, now);
    }

    private Task<JoinResult> JoinAsKnown(JoinRequest request, DateTimeOffset now)
    {
        if (_pending.Remove(request.MemberId))
        {
            return Add(request.MemberId, request, now);
        }

        var error = CheckIdentity(request.MemberId, request.InstanceId, out var member);
        if (error != ErrorCode.None || member is null)
        {
            return Task.FromResult(JoinResult.Failed(error, request.MemberId));
        }

        var unchanged = member.Offers(request.Protocols);
        member.Update(request, now);
        var answerable = unchanged
            && (State == GroupState.CompletingRebalance || (State == GroupState.Stable && member.Id != _leader));
        return answerable ? Task.FromResult(JoinAnswer(member)) : AwaitGeneration(member, now);
    }

    /// <summary>
    /// A static member came back under a new id: the old one is fenced, and nothing moves if nothing changed.
    /// </summary>
    private Task<JoinResult> ReplaceStatic(Member former, JoinRequest request, DateTimeOffset now)
    {
        var memberId = $"{request.InstanceId}-{Guid.NewGuid():D}";
        var member = new Member(memberId, request.InstanceId) { Assignment = former.Assignment };
        var unchanged = former.Offers(request.Protocols);
        member.Update(request, now);
        former.AnswerJoin(JoinResult.Failed(ErrorCode.FencedInstanceId, former.Id), now);
        former.AnswerSync(SyncResult.Failed(ErrorCode.FencedInstanceId), now);
        _members.Remove(former.Id);
        _members[memberId] = member;
        _staticMembers[request.InstanceId!] = memberId;
        var wasLeader = _leader == former.Id;
        if (wasLeader)
        {
            _leader = memberId;
        }

        if (State != GroupState.Stable || !unchanged)
        {
            return AwaitGeneration(member, now);
        }

        // Told of another leader, or to skip the assignment, it takes the part that its former self had.
        return Task.FromResult(JoinAnswer(member) with
        {
            Leader = wasLeader ? former.Id : _leader!,
            SkipAssignment = wasLeader,
            Members = [],
        });
    }

    private Task<JoinResult> Add(string memberId, JoinRequest request, DateTimeOffset now)
    {
        var member = new Member(memberId, request.InstanceId);
        member.Update(request, now);
        _members[memberId] = member;
        if (request.InstanceId is { } instance)
        {
            _staticMembers[instance] = memberId;
        }

        _protocolType = request.ProtocolType;
        _leader ??= memberId;
        return AwaitGeneration(member, now);
    }

    private Task<JoinResult> AwaitGeneration(Member member, DateTimeOffset now)
    {
        member.Joining?.TrySetResult(JoinResult.Failed(ErrorCode.UnknownMemberId, member.Id));
        var source = new TaskCompletionSource<JoinResult>(TaskCreationOptions.RunContinuationsAsynchronously);
        member.Joining = source;
        PrepareRebalance(now);
        CompleteJoinIfAllAreHere(now);
        return source.Task;
    }

    private void PrepareRebalance(DateTimeOffset now)
    {
        var patience = _members.Values.Select(m => m.RebalanceTimeout).DefaultIfEmpty(TimeSpan.Zero).Max();
        if (State == GroupState.PreparingRebalance)
        {
            if (_waitsForFirstMembers)
            {
                // One more of a fleet that is just starting: wait a little for the next, but not for ever.
                _rebalanceEnds = now + initialDelay < _rebalanceEndsLatest ? now + initialDelay : _rebalanceEndsLatest;
            }

            return;
        }

        foreach (var member in _members.Values)
        {
            member.AnswerSync(SyncResult.Failed(ErrorCode.RebalanceInProgress), now);
        }

        _waitsForFirstMembers = State == GroupState.Empty && initialDelay > TimeSpan.Zero;
        State = GroupState.PreparingRebalance;
        _rebalanceEndsLatest = now + patience;
        _rebalanceEnds = now + (_waitsForFirstMembers ? initialDelay : patience);
    }

    private void CompleteJoinIfAllAreHere(DateTimeOffset now)
    {
        if (State == GroupState.PreparingRebalance && !_waitsForFirstMembers && _pending.Count == 0
            && _members.Values.All(m => m.Joining is not null))
        {
            CompleteJoin(now);
        }
    }

    private void CompleteJoin(DateTimeOffset now)
    {
        _waitsForFirstMembers = false;
        foreach (var absent in _members.Values.Where(m => m.Joining is null && m.InstanceId is null).ToList())
        {
            Forget(absent, "it did not rejoin in time");
        }

        Generation++;
        if (_members.Count == 0)
        {
            State = GroupState.Empty;
            _protocol = null;
            _leader = null;
            return;
        }

        State = GroupState.CompletingRebalance;
        _protocol = Vote();
        if (_leader is null || !_members.TryGetValue(_leader, out var leader) || leader.Joining is null)
        {
            _leader = (_members.Values.FirstOrDefault(m => m.Joining is not null) ?? _members.Values.First()).Id;
        }

        _rebalanceEnds = now + _members.Values.Max(m => m.RebalanceTimeout);
        logger.GroupGeneration(id, Generation, _members.Count);
        foreach (var member in _members.Values)
        {
            member.AnswerJoin(JoinAnswer(member), now);
        }
    }

    /// <summary>Every member votes for the first of its assignors that all others offer too.</summary>
    private string Vote() => _members.Values
        .Select(m => m.Protocols.First(
            p => _members.Values.All(other => other.Protocols.Any(o => o.Name == p.Name))).Name)
        .CountBy(name => name).MaxBy(vote => vote.Value).Key;

    private JoinResult JoinAnswer(Member member) => new(
        ErrorCode.None, Generation, _protocolType, _protocol, _leader!, member.Id, false,
        member.Id == _leader
            ? [.. _members.Values.Select(m => new JoinedMember(m.Id, m.InstanceId, m.MetadataFor(_protocol)))]
            : []);

    private void RemoveThoseWithoutSync(DateTimeOffset now)
    {
        foreach (var member in _members.Values.Where(m => m.Syncing is null).ToList())
        {
            Forget(member, "it did not ask for its assignment in time");
        }

        PrepareRebalance(now);
        CompleteJoinIfAllAreHere(now);
    }

    private void Remove(Member member, string reason, DateTimeOffset now)
    {
        Forget(member, reason);
        member.AnswerJoin(JoinResult.Failed(ErrorCode.UnknownMemberId, member.Id), now);
        member.AnswerSync(SyncResult.Failed(ErrorCode.UnknownMemberId), now);
        if (State is GroupState.Stable or GroupState.CompletingRebalance)
        {
            PrepareRebalance(now);
        }

        CompleteJoinIfAllAreHere(now);
    }

    private void Forget(Member member, string reason)
    {
        logger.MemberRemoved(id, member.Id, reason);
        _members.Remove(member.Id);
        if (member.InstanceId is { } instance && _staticMembers.GetValueOrDefault(instance) == member.Id)
        {
            _staticMembers.Remove(instance);
        }

        if (_leader == member.Id)
        {
            _leader = _members.Keys.FirstOrDefault();
        }
    }
}
