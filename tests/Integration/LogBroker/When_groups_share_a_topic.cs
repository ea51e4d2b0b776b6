using Confluent.Kafka;
using Confluent.Kafka.Admin;
using Xunit;

namespace CardShop.Tests.Integration.LogBroker;

public sealed class When_groups_share_a_topic : IAsyncLifetime
{
    private LogBrokerProcess _broker = null!;

    public async ValueTask InitializeAsync() => _broker = await LogBrokerProcess.StartAsync();

    public ValueTask DisposeAsync() => _broker.DisposeAsync();

    [Theory]
    [InlineData(PartitionAssignmentStrategy.Range)]
    [InlineData(PartitionAssignmentStrategy.CooperativeSticky)]
    public async Task Members_share_the_partitions_and_take_over_from_one_that_leaves(
        PartitionAssignmentStrategy strategy)
    {
        var topic = "shared-" + strategy;
        await KafkaClients.CreateTopic(_broker, topic, 6);
        using var first = Member(topic, strategy);
        await PollUntil(() => first.Assignment.Count == 6, first);

        using (var second = Member(topic, strategy))
        {
            await PollUntil(() => first.Assignment.Count == 3 && second.Assignment.Count == 3, first, second);
            Assert.Empty(first.Assignment.Intersect(second.Assignment));
            second.Close();
        }

        await PollUntil(() => first.Assignment.Count == 6, first);
        await KafkaClients.Produce(_broker, topic, Enumerable.Range(0, 100).Select(i => $"{i}"));
        Assert.Equal(100, KafkaClients.Take(first, 100).Select(r => r.Message.Value).Distinct().Count());
    }

    [Fact]
    public async Task The_part_of_a_member_that_falls_silent_goes_to_the_others()
    {
        await KafkaClients.CreateTopic(_broker, "silent", 4);
        using var first = Member("silent", PartitionAssignmentStrategy.Range);
        using var second = Member("silent", PartitionAssignmentStrategy.Range, c => c.MaxPollIntervalMs = 6000);
        await PollUntil(() => first.Assignment.Count == 2 && second.Assignment.Count == 2, first, second);

        await PollUntil(() => first.Assignment.Count == 4, first); // the second is not polled any more
    }

    [Fact]
    public async Task A_group_goes_on_behind_its_commit_after_the_broker_was_killed()
    {
        await KafkaClients.CreateTopic(_broker, "resumed");
        await KafkaClients.Produce(_broker, "resumed", Enumerable.Range(0, 10).Select(i => $"{i}"));
        using (var first = Member("resumed", PartitionAssignmentStrategy.Range))
        {
            var last = KafkaClients.Take(first, 10)[5];
            first.Commit([new TopicPartitionOffset(last.TopicPartition, last.Offset + 1)]);
            await _broker.KillAsync();
            await _broker.StartAgainAsync();
        }

        using var second = Member("resumed", PartitionAssignmentStrategy.Range);
        Assert.Equal(6, KafkaClients.Take(second, 1)[0].Offset.Value);
    }

    [Fact]
    public async Task Members_rejoin_by_themselves_after_a_restart_of_the_broker()
    {
        await KafkaClients.CreateTopic(_broker, "rejoined", 2);
        using var member = Member("rejoined", PartitionAssignmentStrategy.Range);
        await PollUntil(() => member.Assignment.Count == 2, member);

        await _broker.KillAsync();
        await _broker.StartAgainAsync();
        await KafkaClients.Produce(_broker, "rejoined", ["after"]);

        Assert.Equal("after", KafkaClients.Take(member, 1)[0].Message.Value);
        using var admin = KafkaClients.Admin(_broker);
        Assert.Single((await Describe(admin, "g-rejoined")).Members);
        member.Commit();
    }

    [Fact]
    public async Task A_static_member_keeps_its_part_through_a_restart_of_its_own()
    {
        await KafkaClients.CreateTopic(_broker, "static", 4);
        using var first = Member("static", PartitionAssignmentStrategy.Range, c => c.GroupInstanceId = "one");
        var second = Member("static", PartitionAssignmentStrategy.Range, c => c.GroupInstanceId = "two");
        await PollUntil(() => first.Assignment.Count == 2 && second.Assignment.Count == 2, first, second);
        var part = second.Assignment;
        second.Dispose(); // a static member does not leave; it only falls silent

        using var again = Member("static", PartitionAssignmentStrategy.Range, c => c.GroupInstanceId = "two");
        await PollUntil(() => again.Assignment.Count == 2, first, again);

        Assert.Equal(part.OrderBy(p => p.Partition.Value), again.Assignment.OrderBy(p => p.Partition.Value));
        Assert.Equal(2, first.Assignment.Count);
    }

    [Fact]
    public async Task Operators_see_groups_and_delete_them_when_they_are_empty()
    {
        await KafkaClients.CreateTopic(_broker, "seen", 2);
        await KafkaClients.Produce(_broker, "seen", ["a"]);
        using var admin = KafkaClients.Admin(_broker);
        using (var member = Member("seen", PartitionAssignmentStrategy.Range))
        {
            KafkaClients.Take(member, 1);
            member.Commit();
            var described = await Describe(admin, "g-seen");
            Assert.Equal((ConsumerGroupState.Stable, 1, "range"),
                (described.State, described.Members.Count, described.PartitionAssignor));
            Assert.Equal(2, described.Members[0].Assignment.TopicPartitions.Count);
            await Assert.ThrowsAsync<DeleteGroupsException>(() => admin.DeleteGroupsAsync(["g-seen"]));
            member.Close();
        }

        var listed = await admin.ListConsumerGroupsAsync();
        Assert.Contains(listed.Valid, g => g.GroupId == "g-seen");
        var offsets = await admin.ListConsumerGroupOffsetsAsync([new ConsumerGroupTopicPartitions("g-seen", null)]);
        Assert.Equal(1, offsets[0].Partitions.Sum(p => Math.Max(0, p.Offset.Value)));

        await admin.DeleteGroupsAsync(["g-seen"]);

        Assert.DoesNotContain((await admin.ListConsumerGroupsAsync()).Valid, g => g.GroupId == "g-seen");
    }

    private IConsumer<string, string> Member(
        string topic, PartitionAssignmentStrategy strategy, Action<ConsumerConfig>? with = null)
    {
        var consumer = KafkaClients.Consumer(_broker, "g-" + topic, c =>
        {
            c.PartitionAssignmentStrategy = strategy;
            with?.Invoke(c);
        });
        consumer.Subscribe(topic);
        return consumer;
    }

    private static async Task<ConsumerGroupDescription> Describe(IAdminClient admin, string group) =>
        (await admin.DescribeConsumerGroupsAsync([group])).ConsumerGroupDescriptions[0];

    private static async Task PollUntil(Func<bool> fact, params IConsumer<string, string>[] members) =>
        await KafkaClients.Until(
            () =>
            {
                foreach (var member in members)
                {
                    member.Consume(TimeSpan.FromMilliseconds(20));
                }

                return fact();
            },
            "an assignment");
}
