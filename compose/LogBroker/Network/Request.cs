using CardShop.LogBroker.Protocol;

namespace CardShop.LogBroker.Network;

/// <summary>
/// A request with its header read. The body is the connection's buffer: it is gone when the handler has returned.
/// </summary>
internal sealed record Request(
    ApiKey Key, short Version, bool Flexible, int CorrelationId, string ClientId, string Host, Memory<byte> Body,
    CancellationToken Stopping)
{
    public KafkaReader Reader() => new(Body.Span, Flexible);

    /// <summary>An answer to this request, its header written.</summary>
    public Response Answer(bool flexibleHeader = true)
    {
        var writer = new KafkaWriter(Flexible);
        writer.Int32(0); // the length's place
        writer.Int32(CorrelationId);
        if (flexibleHeader)
        {
            writer.Tags();
        }

        return new Response(writer);
    }
}
