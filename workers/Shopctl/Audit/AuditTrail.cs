using System.Text;
using System.Text.Json;
using CardShop.Contracts;
using CardShop.Pipeline.Log;

namespace CardShop.Shopctl.Audit;

/// <summary>Writes shop.audit.v1: before the deed, so that no deed is without its entry.</summary>
public static class AuditTrail
{
    /// <summary>Returns when the entry is durable. Throws <see cref="Pipeline.PlaceException"/> if it is not.</summary>
    public static Task WriteAsync(ILog log, AuditEntry entry, CancellationToken cancellation) => log.ProduceAsync(
        new(
            Topics.Audit.Name, Topics.Audit.PartitionOf(entry.Operator), Encoding.UTF8.GetBytes(entry.Operator),
            JsonSerializer.SerializeToUtf8Bytes(entry, ContractsJson.Default.AuditEntry),
            [new(RecordHeaders.Type, Encoding.UTF8.GetBytes(MessageTypes.AuditEntry))]),
        cancellation);
}
