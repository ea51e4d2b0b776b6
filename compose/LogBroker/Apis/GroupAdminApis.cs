using CardShop.LogBroker.Groups;
using CardShop.LogBroker.Network;
using CardShop.LogBroker.Protocol;

namespace CardShop.LogBroker.Apis;

/// <summary>What operators ask about groups.</summary>
internal sealed class GroupAdminApis(BrokerState broker)
{
    private const int NoOperations = int.MinValue;

    public Task<Response?> HandleDescribe(Request request)
    {
        var version = request.Version;
        var reader = request.Reader();
        var groups = reader.StringArray();
        var answer = request.Answer();
        var writer = answer.Writer;
        if (version >= 1)
        {
            writer.Int32(0); // throttle time
        }

        writer.ArrayLength(groups.Count);
        foreach (var group in groups)
        {
            Write(writer, group, broker.Groups.Describe(group), version);
        }

        writer.Tags();
        return Task.FromResult<Response?>(answer);
    }

    public Task<Response?> HandleList(Request request)
    {
        var version = request.Version;
        var reader = request.Reader();
        var states = version >= 4 ? reader.StringArray() : [];
        var listed = broker.Groups.List().Where(
            g => states.Count == 0 || states.Contains(g.State.ToString(), StringComparer.OrdinalIgnoreCase)).ToList();
        var answer = request.Answer();
        var writer = answer.Writer;
        if (version >= 1)
        {
            writer.Int32(0); // throttle time
        }

        writer.Error(ErrorCode.None);
        writer.ArrayLength(listed.Count);
        foreach (var (id, protocolType, state) in listed)
        {
            writer.String(id);
            writer.String(protocolType);
            if (version >= 4)
            {
                writer.String(state.ToString());
            }

            writer.Tags();
        }

        writer.Tags();
        return Task.FromResult<Response?>(answer);
    }

    public async Task<Response?> HandleDelete(Request request)
    {
        var groups = request.Reader().StringArray();
        var outcomes = new List<(string Group, ErrorCode Error)>();
        foreach (var group in groups)
        {
            outcomes.Add((group, await broker.Groups.Delete(group)));
        }

        var answer = request.Answer();
        answer.Writer.Int32(0); // throttle time
        answer.Writer.ArrayLength(outcomes.Count);
        foreach (var (group, error) in outcomes)
        {
            answer.Writer.String(group);
            answer.Writer.Error(error);
            answer.Writer.Tags();
        }

        answer.Writer.Tags();
        return answer;
    }

    public async Task<Response?> HandleOffsetDelete(Request request)
    {
        var (group, places) = ReadOffsetDelete(request);
        var known = broker.Groups.Describe(group);
        var error = known is null ? ErrorCode.GroupIdNotFound
            : known.Members.Count > 0 && known.ProtocolType != "consumer" ? ErrorCode.NonEmptyGroup
            : ErrorCode.None;
        var refused = known?.Members.Count > 0 ? ErrorCode.GroupSubscribedToTopic : ErrorCode.None;
        if (error == ErrorCode.None && refused == ErrorCode.None)
        {
            var removed = places.Select(p => (p.Topic, p.Partition, (CommittedOffset?)null)).ToList();
            error = await broker.Groups.Offsets.Commit(group, removed) == ErrorCode.None
                ? ErrorCode.None
                : ErrorCode.CoordinatorNotAvailable;
        }

        var answer = request.Answer();
        var writer = answer.Writer;
        writer.Error(error);
        writer.Int32(0); // throttle time
        var topics = error == ErrorCode.None ? places.GroupBy(p => p.Topic).ToList() : [];
        writer.ArrayLength(topics.Count);
        foreach (var topic in topics)
        {
            writer.String(topic.Key);
            writer.ArrayLength(topic.Count());
            foreach (var (_, partition) in topic)
            {
                writer.Int32(partition);
                writer.Error(refused);
            }
        }

        return answer;
    }

    private static (string Group, List<(string Topic, int Partition)> Places) ReadOffsetDelete(Request request)
    {
        var reader = request.Reader();
        var group = reader.String();
        var places = new List<(string, int)>();
        for (var topics = reader.ArrayLength(); topics > 0; topics--)
        {
            var topic = reader.String();
            places.AddRange(reader.Int32Array().Select(p => (topic, p)));
        }

        return (group, places);
    }

    private static void Write(KafkaWriter writer, string group, GroupDescription? description, short version)
    {
        writer.Error(ErrorCode.None);
        writer.String(group);
        writer.String((description?.State ?? GroupState.Dead).ToString());
        writer.String(description?.ProtocolType ?? "");
        writer.String(description?.Protocol ?? "");
        var members = description?.Members ?? [];
        writer.ArrayLength(members.Count);
        foreach (var member in members)
        {
            writer.String(member.MemberId);
            if (version >= 4)
            {
                writer.String(member.InstanceId);
            }

            writer.String(member.ClientId);
            writer.String("/" + member.ClientHost);
            writer.Bytes(member.Metadata);
            writer.Bytes(member.Assignment);
            writer.Tags();
        }

        if (version >= 3)
        {
            writer.Int32(NoOperations);
        }

        writer.Tags();
    }
}
