using CardShop.LogBroker.Protocol;

namespace CardShop.LogBroker.Groups;

/// <summary>The states of a group, named as DescribeGroups shows them.</summary>
internal enum GroupState
{
    Empty,
    PreparingRebalance,
    CompletingRebalance,
    Stable,
    Dead,
}

/// <summary>An assignor that a member offers, with its opaque subscription.</summary>
internal sealed record GroupProtocol(string Name, byte[] Metadata);

/// <summary>A request to join.</summary>
internal sealed record JoinRequest(
    string MemberId,
    string? InstanceId,
    string ClientId,
    string ClientHost,
    string ProtocolType,
    IReadOnlyList<GroupProtocol> Protocols,
    TimeSpan SessionTimeout,
    TimeSpan RebalanceTimeout,
    bool RequiresKnownMember);

/// <summary>A member as the leader sees it.</summary>
internal sealed record JoinedMember(string MemberId, string? InstanceId, byte[] Metadata);

/// <summary>The answer to a join: everybody learns the generation, the leader also the members.</summary>
internal sealed record JoinResult(
    ErrorCode Error,
    int Generation,
    string? ProtocolType,
    string? Protocol,
    string Leader,
    string MemberId,
    bool SkipAssignment,
    IReadOnlyList<JoinedMember> Members)
{
    public static JoinResult Failed(ErrorCode error, string memberId) =>
        new(error, -1, null, null, "", memberId, false, []);
}

/// <summary>A member's request for its assignment; the leader's carries everybody's.</summary>
internal sealed record SyncRequest(
    string MemberId,
    string? InstanceId,
    int Generation,
    string? ProtocolType,
    string? Protocol,
    IReadOnlyDictionary<string, byte[]> Assignments);

/// <summary>The answer to a sync.</summary>
internal sealed record SyncResult(ErrorCode Error, string? ProtocolType, string? Protocol, byte[] Assignment)
{
    public static SyncResult Failed(ErrorCode error) => new(error, null, null, []);
}

/// <summary>A group as DescribeGroups shows it.</summary>
internal sealed record GroupDescription(
    GroupState State, string ProtocolType, string Protocol, IReadOnlyList<MemberDescription> Members);

/// <summary>A member as DescribeGroups shows it.</summary>
internal sealed record MemberDescription(
    string MemberId, string? InstanceId, string ClientId, string ClientHost, byte[] Metadata, byte[] Assignment);
