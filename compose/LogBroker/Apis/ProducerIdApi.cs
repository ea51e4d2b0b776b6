using CardShop.LogBroker.Network;
using CardShop.LogBroker.Protocol;

namespace CardShop.LogBroker.Apis;

/// <summary>Ids for idempotent producers: a new one each time. A transactional id is refused for good.</summary>
internal sealed class ProducerIdApi(BrokerState broker)
{
    public Task<Response?> Handle(Request request)
    {
        var reader = request.Reader();
        var transactional = reader.NullableString() is not null;
        var (error, id) = transactional ? (ErrorCode.TransactionalIdAuthorizationFailed, -1) : Next();
        var answer = request.Answer();
        var writer = answer.Writer;
        writer.Int32(0); // throttle time
        writer.Error(error);
        writer.Int64(id);
        writer.Int16(error == ErrorCode.None ? 0 : -1); // epoch
        writer.Tags();
        return Task.FromResult<Response?>(answer);
    }

    private (ErrorCode Error, long Id) Next()
    {
        try
        {
            return (ErrorCode.None, broker.ProducerIds.Next());
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            broker.Logger.WriteFailed("producer-ids", failure.Message);
            return (ErrorCode.CoordinatorNotAvailable, -1);
        }
    }
}
