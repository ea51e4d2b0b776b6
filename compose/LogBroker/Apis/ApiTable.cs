using CardShop.LogBroker.Network;
using CardShop.LogBroker.Protocol;

namespace CardShop.LogBroker.Apis;

/// <summary>Answers one request; null where the protocol wants no answer.</summary>
internal delegate Task<Response?> ApiHandler(Request request);

/// <summary>
/// An offered API: the versions handled, the first one in flexible encoding, and the lowest version announced.
/// </summary>
internal sealed record Api(
    ApiKey Key, short Min, short Max, short FlexibleFrom, ApiHandler Handle, short? AnnouncedMin = null);

/// <summary>The one list of what is offered. Version negotiation and dispatch both read it.</summary>
internal sealed class ApiTable
{
    private const short Never = short.MaxValue;

    private readonly Dictionary<int, Api> _apis;

    public ApiTable(BrokerState broker)
    {
        var produce = new ProduceApi(broker);
        var fetch = new FetchApi(broker);
        var metadata = new MetadataApi(broker);
        var offsets = new OffsetsApi(broker);
        var lookup = new ListOffsetsApi(broker);
        var groups = new GroupApis(broker);
        var groupAdmin = new GroupAdminApis(broker);
        var topics = new TopicAdminApis(broker);
        var configs = new DescribeConfigsApi(broker);
        var settings = new AlterConfigsApi(broker);
        var producers = new ProducerIdApi(broker);
        _apis = new Api[]
        {
            // Announced from 0, as Kafka 4 does: older librdkafka gives up compression where Produce starts at 3.
            new(ApiKey.Produce, 3, 9, 9, produce.Handle, AnnouncedMin: 0),
            new(ApiKey.Fetch, 4, 12, 12, fetch.Handle),
            new(ApiKey.ListOffsets, 0, 7, 6, lookup.Handle),
            new(ApiKey.Metadata, 0, 12, 9, metadata.Handle),
            new(ApiKey.OffsetCommit, 0, 8, 8, offsets.HandleCommit),
            new(ApiKey.OffsetFetch, 0, 8, 6, offsets.HandleFetch),
            new(ApiKey.FindCoordinator, 0, 4, 3, groups.HandleFindCoordinator),
            new(ApiKey.JoinGroup, 0, 9, 6, groups.HandleJoin),
            new(ApiKey.Heartbeat, 0, 4, 4, groups.HandleHeartbeat),
            new(ApiKey.LeaveGroup, 0, 5, 4, groups.HandleLeave),
            new(ApiKey.SyncGroup, 0, 5, 4, groups.HandleSync),
            new(ApiKey.DescribeGroups, 0, 5, 5, groupAdmin.HandleDescribe),
            new(ApiKey.ListGroups, 0, 4, 3, groupAdmin.HandleList),
            new(ApiKey.ApiVersions, 0, 4, 3, HandleApiVersions),
            new(ApiKey.CreateTopics, 0, 7, 5, topics.HandleCreate),
            new(ApiKey.DeleteTopics, 0, 6, 4, topics.HandleDelete),
            new(ApiKey.DeleteRecords, 0, 2, 2, topics.HandleDeleteRecords),
            new(ApiKey.InitProducerId, 0, 4, 2, producers.Handle),
            new(ApiKey.OffsetForLeaderEpoch, 0, 4, 4, lookup.HandleLeaderEpoch),
            new(ApiKey.DescribeConfigs, 0, 4, 4, configs.Handle),
            new(ApiKey.AlterConfigs, 0, 2, 2, settings.Handle),
            new(ApiKey.CreatePartitions, 0, 3, 2, topics.HandleCreatePartitions),
            new(ApiKey.DeleteGroups, 0, 2, 2, groupAdmin.HandleDelete),
            new(ApiKey.IncrementalAlterConfigs, 0, 1, 1, settings.Handle),
            new(ApiKey.OffsetDelete, 0, 0, Never, groupAdmin.HandleOffsetDelete),
        }.ToDictionary(api => (int)api.Key);
    }

    public IEnumerable<Api> All => _apis.Values;

    /// <summary>
    /// Reads a request's header. False for an API or version that is not offered: the connection ends, as the protocol
    /// has no other answer, except for ApiVersions, whose request is then taken as version 0 and answered with
    /// an error.
    /// </summary>
    public bool TryRead(
        Memory<byte> frame, string host, CancellationToken stopping, out Request request, out int key, out int version)
    {
        request = null!;
        var reader = new KafkaReader(frame.Span, flexible: false);
        key = reader.Int16();
        version = reader.Int16();
        var correlation = reader.Int32();
        if (!_apis.TryGetValue(key, out var api))
        {
            return false;
        }

        if (version < api.Min || version > api.Max)
        {
            request = new Request(ApiKey.ApiVersions, -1, false, correlation, "", host, default, stopping);
            return api.Key == ApiKey.ApiVersions;
        }

        var clientId = reader.HeaderString() ?? "";
        var flexible = version >= api.FlexibleFrom;
        var position = reader.Position;
        if (flexible)
        {
            var tail = new KafkaReader(frame.Span[position..], flexible: true);
            tail.Tags();
            position += tail.Position;
        }

        request = new Request(
            api.Key, (short)version, flexible, correlation, clientId, host, frame[position..], stopping);
        return true;
    }

    /// <summary>Starts the handler. A failure, even an immediate one, is in the task.</summary>
    public async Task<Response?> Handle(Request request)
    {
        BrokerMeter.Request(request.Key);
        return await _apis[(int)request.Key].Handle(request);
    }

    private Task<Response?> HandleApiVersions(Request request)
    {
        var unsupported = request.Version < 0;
        var answer = request.Answer(flexibleHeader: false); // its header stays plain: the client may know no other
        var writer = answer.Writer;
        writer.Error(unsupported ? ErrorCode.UnsupportedVersion : ErrorCode.None);
        var listed = unsupported ? _apis.Values.Where(a => a.Key == ApiKey.ApiVersions) : _apis.Values;
        var list = listed.OrderBy(a => a.Key).ToList();
        writer.ArrayLength(list.Count);
        foreach (var api in list)
        {
            writer.Int16((int)api.Key);
            writer.Int16(api.AnnouncedMin ?? api.Min);
            writer.Int16(api.Max);
            writer.Tags();
        }

        if (request.Version >= 1)
        {
            writer.Int32(0); // throttle time
        }

        writer.Tags();
        return Task.FromResult<Response?>(answer);
    }
}
