using CardShop.LogBroker.Groups;
using CardShop.LogBroker.Network;
using CardShop.LogBroker.Protocol;

namespace CardShop.LogBroker.Apis;

/// <summary>What members of a group ask: where it is, to join, for their part, to stay, to leave.</summary>
internal sealed class GroupApis(BrokerState broker)
{
    private const int GroupKey = 0;
    private const int TransactionKey = 1;

    public Task<Response?> HandleFindCoordinator(Request request)
    {
        var version = request.Version;
        var reader = request.Reader();
        var single = version < 4 ? reader.String() : "";
        var type = version >= 1 ? reader.Int8() : GroupKey;
        var keys = version >= 4 ? reader.StringArray() : [single];
        var (error, message) = type switch
        {
            GroupKey => (ErrorCode.None, null),
            TransactionKey => (ErrorCode.TransactionalIdAuthorizationFailed, "transactions are not offered"),
            _ => (ErrorCode.InvalidRequest, (string?)"unknown kind of coordinator"),
        };

        var answer = request.Answer();
        var writer = answer.Writer;
        if (version >= 1)
        {
            writer.Int32(0); // throttle time
        }

        if (version < 4)
        {
            writer.Error(error);
            if (version >= 1)
            {
                writer.String(message);
            }

            WriteNode(writer, error);
            writer.Tags();
            return Task.FromResult<Response?>(answer);
        }

        writer.ArrayLength(keys.Count);
        foreach (var key in keys)
        {
            writer.String(key);
            WriteNode(writer, error);
            writer.Error(error);
            writer.String(message);
            writer.Tags();
        }

        writer.Tags();
        return Task.FromResult<Response?>(answer);
    }

    public async Task<Response?> HandleJoin(Request request)
    {
        var (group, join) = ReadJoin(request);
        var result = await broker.Groups.Join(group, join).WaitAsync(request.Stopping);
        var version = request.Version;
        var answer = request.Answer();
        var writer = answer.Writer;
        if (version >= 2)
        {
            writer.Int32(0); // throttle time
        }

        writer.Error(result.Error);
        writer.Int32(result.Generation);
        if (version >= 7)
        {
            writer.String(result.ProtocolType);
        }

        writer.String(version >= 7 ? result.Protocol : result.Protocol ?? "");
        writer.String(result.Leader);
        if (version >= 9)
        {
            writer.Bool(result.SkipAssignment);
        }

        writer.String(result.MemberId);
        writer.ArrayLength(result.Members.Count);
        foreach (var member in result.Members)
        {
            writer.String(member.MemberId);
            if (version >= 5)
            {
                writer.String(member.InstanceId);
            }

            writer.Bytes(member.Metadata);
            writer.Tags();
        }

        writer.Tags();
        return answer;
    }

    public async Task<Response?> HandleSync(Request request)
    {
        var version = request.Version;
        var (group, sync) = ReadSync(request);
        var result = await broker.Groups.Sync(group, sync).WaitAsync(request.Stopping);
        var answer = request.Answer();
        var writer = answer.Writer;
        if (version >= 1)
        {
            writer.Int32(0); // throttle time
        }

        writer.Error(result.Error);
        if (version >= 5)
        {
            writer.String(result.ProtocolType);
            writer.String(result.Protocol);
        }

        writer.Bytes(result.Assignment);
        writer.Tags();
        return answer;
    }

    public Task<Response?> HandleHeartbeat(Request request)
    {
        var reader = request.Reader();
        var group = reader.String();
        var generation = reader.Int32();
        var member = reader.String();
        var instance = request.Version >= 3 ? reader.NullableString() : null;
        var answer = request.Answer();
        if (request.Version >= 1)
        {
            answer.Writer.Int32(0); // throttle time
        }

        answer.Writer.Error(broker.Groups.Heartbeat(group, member, instance, generation));
        answer.Writer.Tags();
        return Task.FromResult<Response?>(answer);
    }

    public Task<Response?> HandleLeave(Request request)
    {
        var version = request.Version;
        var leaving = ReadLeave(request, out var group);
        var outcomes = leaving.ConvertAll(m => (m.Id, m.Instance, Error: broker.Groups.Leave(group, m.Id, m.Instance)));
        var answer = request.Answer();
        var writer = answer.Writer;
        if (version >= 1)
        {
            writer.Int32(0); // throttle time
        }

        if (version < 3)
        {
            writer.Error(outcomes[0].Error);
            return Task.FromResult<Response?>(answer);
        }

        writer.Error(ErrorCode.None);
        writer.ArrayLength(outcomes.Count);
        foreach (var (id, instance, error) in outcomes)
        {
            writer.String(id);
            writer.String(instance);
            writer.Error(error);
            writer.Tags();
        }

        writer.Tags();
        return Task.FromResult<Response?>(answer);
    }

    private void WriteNode(KafkaWriter writer, ErrorCode error)
    {
        writer.Int32(error == ErrorCode.None ? BrokerState.NodeId : -1);
        writer.String(error == ErrorCode.None ? broker.Host : "");
        writer.Int32(error == ErrorCode.None ? broker.Port : -1);
    }

    private static (string Group, JoinRequest Join) ReadJoin(Request request)
    {
        var version = request.Version;
        var reader = request.Reader();
        var group = reader.String();
        var session = TimeSpan.FromMilliseconds(reader.Int32());
        var rebalance = version >= 1 ? TimeSpan.FromMilliseconds(Math.Max(0, reader.Int32())) : session;
        var member = reader.String();
        var instance = version >= 5 ? reader.NullableString() : null;
        var type = reader.String();
        var protocols = new List<GroupProtocol>();
        for (var count = reader.ArrayLength(); count > 0; count--)
        {
            protocols.Add(new GroupProtocol(reader.String(), reader.Bytes().ToArray()));
            reader.Tags();
        }

        return (group, new JoinRequest(
            member, instance, request.ClientId, request.Host, type, protocols, session, rebalance, version >= 4));
    }

    private static (string Group, SyncRequest Sync) ReadSync(Request request)
    {
        var version = request.Version;
        var reader = request.Reader();
        var group = reader.String();
        var generation = reader.Int32();
        var member = reader.String();
        var instance = version >= 3 ? reader.NullableString() : null;
        var type = version >= 5 ? reader.NullableString() : null;
        var protocol = version >= 5 ? reader.NullableString() : null;
        var assignments = new Dictionary<string, byte[]>();
        for (var count = reader.ArrayLength(); count > 0; count--)
        {
            var to = reader.String();
            assignments[to] = reader.Bytes().ToArray();
            reader.Tags();
        }

        return (group, new SyncRequest(member, instance, generation, type, protocol, assignments));
    }

    private static List<(string Id, string? Instance)> ReadLeave(Request request, out string group)
    {
        var reader = request.Reader();
        group = reader.String();
        if (request.Version < 3)
        {
            return [(reader.String(), null)];
        }

        var leaving = new List<(string, string?)>();
        for (var count = reader.ArrayLength(); count > 0; count--)
        {
            leaving.Add((reader.String(), reader.NullableString()));
            if (request.Version >= 5)
            {
                reader.NullableString(); // reason
            }

            reader.Tags();
        }

        return leaving;
    }
}
