using System.Text.Json;
using CardShop.Contracts;
using CardShop.Pipeline.Batches;

namespace CardShop.Shop.DeadLetters;

/// <summary>The records of shop.dead-letters.v1: letters, and beside them what became of each.</summary>
public static class DeadLetterRecords
{
    /// <summary>The letter; null where it is none, or unreadable.</summary>
    public static DeadLetter? LetterOf(LogIncoming record) => record.Type == MessageTypes.DeadLetter
        ? Read(record, body => JsonSerializer.Deserialize(body, ContractsJson.Default.DeadLetter))
        : null;

    /// <summary>What became of the letter at the named offset of the same partition; null where it is none, or unreadable.</summary>
    public static DeadLetterResolved? ResolutionOf(LogIncoming record) => record.Type == MessageTypes.DeadLetterResolved
        ? Read(record, body => JsonSerializer.Deserialize(body, ContractsJson.Default.DeadLetterResolved))
        : null;

    private static T? Read<T>(LogIncoming record, Func<byte[], T?> read)
        where T : class
    {
        try
        {
            return record.Value is { } body ? read(body) : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
