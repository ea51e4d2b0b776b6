using CardShop.LogBroker.Groups;
using CardShop.LogBroker.Protocol;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace CardShop.Tests.Unit.LogBroker;

public sealed class GroupTests
{
    private static readonly TimeSpan Session = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Rebalance = TimeSpan.FromSeconds(60);

    private readonly TestClock _clock = new();
    private readonly Group _group = new("g", TimeSpan.Zero, NullLogger.Instance);

    private DateTimeOffset Now => _clock.GetUtcNow();

    [Fact]
    public void One_member_joins_leads_and_gets_what_it_assigned()
    {
        var joined = Answer(Join("a"));
        Assert.Equal((ErrorCode.None, 1, "range", joined.MemberId),
            (joined.Error, joined.Generation, joined.Protocol, joined.Leader));
        Assert.Equal([joined.MemberId], joined.Members.Select(m => m.MemberId));

        var synced = Answer(Sync(joined, (joined.MemberId, [1, 2])));

        Assert.Equal((ErrorCode.None, GroupState.Stable), (synced.Error, _group.State));
        Assert.Equal([1, 2], synced.Assignment);
        Assert.Equal(ErrorCode.None, _group.Heartbeat(joined.MemberId, null, 1, Now));
    }

    [Fact]
    public void A_second_member_makes_the_first_rejoin_and_both_get_their_part()
    {
        var first = Stable("a");
        var second = Join("b");
        Assert.False(second.IsCompleted);
        Assert.Equal(ErrorCode.RebalanceInProgress, _group.Heartbeat(first.MemberId, null, 1, Now));

        var again = Answer(Join("a", first.MemberId));
        var other = Answer(second);

        Assert.Equal((2, 2, first.MemberId), (again.Generation, other.Generation, again.Leader));
        Assert.Equal(2, again.Members.Count);
        Assert.Empty(other.Members);
        var followerSync = Sync(other);
        Assert.False(followerSync.IsCompleted);
        Assert.Equal([1], Answer(Sync(again, (again.MemberId, [1]), (other.MemberId, [2]))).Assignment);
        Assert.Equal([2], Answer(followerSync).Assignment);
    }

    [Fact]
    public void Who_does_not_rejoin_in_time_is_left_out()
    {
        var first = Stable("a");
        var second = Join("b");

        for (var t = 0; t < 7; t++) // the first still beats, but does not rejoin
        {
            _clock.Advance(TimeSpan.FromSeconds(9));
            _group.Heartbeat(first.MemberId, null, 1, Now);
            _group.Tick(Now);
        }

        Assert.Single(Answer(second).Members);
        Assert.Equal(ErrorCode.UnknownMemberId, _group.Heartbeat(first.MemberId, null, 2, Now));
    }

    [Fact]
    public void A_silent_member_is_removed_when_its_session_ends()
    {
        var member = Stable("a");
        _clock.Advance(Session - TimeSpan.FromMilliseconds(1));
        _group.Tick(Now);
        Assert.Equal(GroupState.Stable, _group.State);

        _clock.Advance(TimeSpan.FromMilliseconds(1));
        _group.Tick(Now);

        Assert.Equal((GroupState.Empty, false), (_group.State, _group.HasMembers));
        Assert.Equal(ErrorCode.UnknownMemberId, _group.Heartbeat(member.MemberId, null, 1, Now));
    }

    [Fact]
    public void A_member_that_waits_for_an_answer_is_not_silent()
    {
        Stable("a");
        var waiting = Join("b");
        _clock.Advance(Session + Session);
        _group.Tick(Now); // the first is gone, and with it the wait

        Assert.Equal(ErrorCode.None, Answer(waiting).Error);
    }

    [Fact]
    public void A_leaving_member_starts_a_rebalance_of_the_others()
    {
        var (first, second) = StablePair();

        Assert.Equal(ErrorCode.None, _group.Leave(second.MemberId, null, Now));

        Assert.Equal(ErrorCode.RebalanceInProgress, _group.Heartbeat(first.MemberId, null, first.Generation, Now));
        Assert.Single(Answer(Join("a", first.MemberId)).Members);
    }

    [Fact]
    public void A_new_member_must_come_back_with_the_id_it_was_given()
    {
        var refused = Answer(Join("a", requiresKnownMember: true));
        Assert.Equal(ErrorCode.MemberIdRequired, refused.Error);
        Assert.NotEmpty(refused.MemberId);

        Assert.Equal(ErrorCode.None, Answer(Join("a", refused.MemberId, requiresKnownMember: true)).Error);
        Assert.Equal(ErrorCode.UnknownMemberId, Answer(Join("a", "invented", requiresKnownMember: true)).Error);
    }

    [Fact]
    public void Protocols_without_a_common_one_do_not_mix()
    {
        Stable("a");

        Assert.Equal(ErrorCode.InconsistentGroupProtocol, Answer(Join("b", protocol: "sticky")).Error);
        Assert.Equal(ErrorCode.InconsistentGroupProtocol, Answer(Join("b", type: "connect")).Error);
    }

    [Fact]
    public void A_static_member_returns_to_its_part_without_a_rebalance()
    {
        var first = Answer(Join("a", instance: "i1"));
        Answer(Sync(first, (first.MemberId, [9])));

        var back = Answer(Join("a", instance: "i1"));

        Assert.Equal((ErrorCode.None, 1, true), (back.Error, back.Generation, back.SkipAssignment));
        Assert.NotEqual(first.MemberId, back.MemberId);
        Assert.Equal([9], Answer(Sync(back, instance: "i1")).Assignment);
        Assert.Equal(ErrorCode.FencedInstanceId, _group.Heartbeat(first.MemberId, "i1", 1, Now));
    }

    [Fact]
    public void Wrong_generations_are_told_apart_from_unknown_members()
    {
        var member = Stable("a");

        Assert.Equal(ErrorCode.IllegalGeneration, _group.Heartbeat(member.MemberId, null, 7, Now));
        Assert.Equal(ErrorCode.IllegalGeneration, _group.CheckCommit(member.MemberId, null, 0, Now));
        Assert.Equal(ErrorCode.UnknownMemberId, _group.CheckCommit("nobody", null, 1, Now));
        Assert.Equal(ErrorCode.UnknownMemberId, _group.CheckCommit("", null, -1, Now));
        Assert.Equal(ErrorCode.None, _group.CheckCommit(member.MemberId, null, 1, Now));
    }

    [Fact]
    public void A_consumer_that_assigns_itself_commits_to_an_empty_group() =>
        Assert.Equal(ErrorCode.None, _group.CheckCommit("", null, -1, Now));

    [Fact]
    public void Who_never_asks_for_its_part_is_removed()
    {
        var (first, second) = (Stable("a"), Join("b"));
        var leader = Answer(Join("a", first.MemberId));
        Answer(second);
        var sync = Sync(leader, (leader.MemberId, [1]));
        Assert.True(sync.IsCompleted);

        _clock.Advance(Session);
        _group.Heartbeat(leader.MemberId, null, 2, Now);
        _group.Tick(Now);

        Assert.Equal(ErrorCode.RebalanceInProgress, _group.Heartbeat(leader.MemberId, null, 2, Now));
        Assert.Single(Answer(Join("a", leader.MemberId)).Members);
    }

    [Fact]
    public void The_first_generation_waits_a_little_for_the_rest_of_a_fleet()
    {
        var group = new Group("g", TimeSpan.FromMilliseconds(200), NullLogger.Instance);
        var first = group.Join(Request("a"), Now);
        _clock.Advance(TimeSpan.FromMilliseconds(150));
        group.Tick(Now);
        var second = group.Join(Request("b"), Now);
        _clock.Advance(TimeSpan.FromMilliseconds(150));
        group.Tick(Now);
        Assert.False(first.IsCompleted);

        _clock.Advance(TimeSpan.FromMilliseconds(50));
        group.Tick(Now);

        Assert.Equal((1, 1), (Answer(first).Generation, Answer(second).Generation));
    }

    [Fact]
    public void All_members_vote_for_an_assignor_that_all_offer()
    {
        var group = new Group("g", TimeSpan.FromMilliseconds(200), NullLogger.Instance);
        var first = group.Join(Request("a") with { Protocols = Offer("sticky", "range") }, Now);
        _ = group.Join(Request("b") with { Protocols = Offer("range", "sticky") }, Now);
        _ = group.Join(Request("c") with { Protocols = Offer("roundrobin", "range") }, Now);
        _clock.Advance(TimeSpan.FromSeconds(1));
        group.Tick(Now);

        Assert.Equal("range", Answer(first).Protocol);
    }

    private static GroupProtocol[] Offer(params string[] names) => [.. names.Select(n => new GroupProtocol(n, [1]))];

    private static T Answer<T>(Task<T> task)
    {
        Assert.True(task.IsCompletedSuccessfully, "an answer is there");
#pragma warning disable VSTHRD002 // it is complete, as just asserted
        return task.Result;
#pragma warning restore VSTHRD002
    }

    private static JoinRequest Request(string client) => new(
        "", null, client, "127.0.0.1", "consumer", Offer("range"), Session, Rebalance, false);

    private Task<JoinResult> Join(
        string client,
        string memberId = "",
        string? instance = null,
        string protocol = "range",
        string type = "consumer",
        bool requiresKnownMember = false) => _group.Join(
        Request(client) with
        {
            MemberId = memberId,
            InstanceId = instance,
            Protocols = Offer(protocol),
            ProtocolType = type,
            RequiresKnownMember = requiresKnownMember,
        },
        Now);

    private Task<SyncResult> Sync(JoinResult joined, params (string Member, byte[] Part)[] parts) =>
        Sync(joined, null, parts);

    private Task<SyncResult> Sync(JoinResult joined, string? instance, params (string Member, byte[] Part)[] parts) =>
        _group.Sync(
            new SyncRequest(
                joined.MemberId, instance, joined.Generation, "consumer", joined.Protocol,
                parts.ToDictionary(p => p.Member, p => p.Part)),
            Now);

    private JoinResult Stable(string client)
    {
        var joined = Answer(Join(client));
        Answer(Sync(joined, (joined.MemberId, [])));
        return joined;
    }

    private (JoinResult First, JoinResult Second) StablePair()
    {
        var first = Stable("a");
        var joining = Join("b");
        var again = Answer(Join("a", first.MemberId));
        var second = Answer(joining);
        _ = Sync(second);
        Answer(Sync(again, (again.MemberId, [1]), (second.MemberId, [2])));
        return (again, second);
    }
}
