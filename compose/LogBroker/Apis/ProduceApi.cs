using CardShop.LogBroker.Network;
using CardShop.LogBroker.Protocol;
using CardShop.LogBroker.Storage;

namespace CardShop.LogBroker.Apis;

/// <summary>
/// Produce: every batch is written before the handler first waits, so requests overlap but keep their order.
/// </summary>
internal sealed class ProduceApi(BrokerState broker)
{
    public Task<Response?> Handle(Request request)
    {
        var outcomes = Append(request, out var acks);
        return acks == 0 ? Task.FromResult<Response?>(null) : Answer(request, outcomes);
    }

    private List<Outcome> Append(Request request, out short acks)
    {
        var reader = request.Reader();
        var transactional = reader.NullableString() is not null;
        acks = reader.Int16();
        reader.Int32(); // timeout: a single node waits for nobody but its own disk
        var outcomes = new List<Outcome>();
        for (var topics = reader.ArrayLength(); topics > 0; topics--)
        {
            var name = reader.String();
            for (var partitions = reader.ArrayLength(); partitions > 0; partitions--)
            {
                var partition = reader.Int32();
                var records = reader.Bytes();
                var bytes = request.Body.Span.Slice(reader.Position - records.Length, records.Length);
                outcomes.Add(new Outcome(name, partition, AppendOne(name, partition, bytes, acks, transactional)));
                reader.Tags();
            }

            reader.Tags();
        }

        reader.Tags();
        return outcomes;
    }

    private AppendResult AppendOne(string name, int partition, Span<byte> bytes, short acks, bool transactional)
    {
        if (acks is not (-1 or 0 or 1))
        {
            return AppendResult.Refused(ErrorCode.InvalidRequiredAcks);
        }

        if (transactional)
        {
            return AppendResult.Refused(
                ErrorCode.TransactionalIdAuthorizationFailed, "transactions are not offered");
        }

        if (name == Topic.OffsetsTopic)
        {
            return AppendResult.Refused(ErrorCode.InvalidTopic);
        }

        if (broker.FindOrAutoCreate(name, allowed: true)?.Partition(partition) is not { } log)
        {
            return AppendResult.Refused(ErrorCode.UnknownTopicOrPartition);
        }

        if (acks == -1 && log.Config.MinInsyncReplicas > 1)
        {
            return AppendResult.Refused(ErrorCode.NotEnoughReplicas);
        }

        var error = BatchValidator.Check(bytes, log.Config, out var batch, out var message);
        return error == ErrorCode.None ? log.Append(bytes, batch) : AppendResult.Refused(error, message);
    }

    private static async Task<Response?> Answer(Request request, List<Outcome> outcomes)
    {
        foreach (var outcome in outcomes)
        {
            await outcome.Result.Flushed;
        }

        var answer = request.Answer();
        var writer = answer.Writer;
        var topics = outcomes.GroupBy(o => o.Topic).ToList();
        writer.ArrayLength(topics.Count);
        foreach (var topic in topics)
        {
            writer.String(topic.Key);
            writer.ArrayLength(topic.Count());
            foreach (var outcome in topic)
            {
                await Write(writer, outcome, request.Version);
            }

            writer.Tags();
        }

        writer.Int32(0); // throttle time
        writer.Tags();
        return answer;
    }

    private static async Task Write(KafkaWriter writer, Outcome outcome, short version)
    {
        var result = outcome.Result;
        var error = result.Error != ErrorCode.None ? result.Error : await result.Flushed;
        writer.Int32(outcome.Partition);
        writer.Error(error);
        writer.Int64(error == ErrorCode.None ? result.BaseOffset : -1);
        writer.Int64(error == ErrorCode.None ? result.AppendTime : -1);
        if (version >= 5)
        {
            writer.Int64(result.LogStart);
        }

        if (version >= 8)
        {
            writer.ArrayLength(0); // errors of single records: a batch is taken whole or not at all
            writer.String(result.Message);
        }

        writer.Tags();
    }

    private readonly record struct Outcome(string Topic, int Partition, AppendResult Result);
}
