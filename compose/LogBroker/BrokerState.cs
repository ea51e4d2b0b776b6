using CardShop.LogBroker.Groups;
using CardShop.LogBroker.Storage;
using Microsoft.Extensions.Logging;

namespace CardShop.LogBroker;

/// <summary>What the APIs work on.</summary>
internal sealed record BrokerState(
    BrokerOptions Options,
    string ClusterId,
    string Host,
    int Port,
    TopicStore Topics,
    GroupCoordinator Groups,
    ProducerIds ProducerIds,
    TimeProvider Clock,
    ILogger Logger)
{
    public const int NodeId = 1;

    /// <summary>A topic for a client: found, or made where the broker makes topics by itself.</summary>
    public Topic? FindOrAutoCreate(string name, bool allowed)
    {
        if (Topics.Find(name) is { } topic)
        {
            return topic;
        }

        if (!allowed || !Options.AutoCreateTopics || !Topic.IsValidName(name) || name == Topic.OffsetsTopic)
        {
            return null;
        }

        Topics.Create(name, Options.DefaultPartitions, Topics.TryConfigure([], out _)!);
        return Topics.Find(name);
    }
}
