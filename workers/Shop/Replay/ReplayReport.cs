using System.Text.Json.Serialization;
using CardShop.Contracts;
using CardShop.Pipeline.Batches;

namespace CardShop.Shop.Replay;

/// <summary>A record that could not be processed.</summary>
/// <param name="Place"><c>topic[partition]@offset</c>.</param>
/// <param name="Known">It lies on shop.dead-letters.v1 since an earlier time.</param>
public sealed record RefusedRecord(string Place, string Reason, string? OrderId, bool Known);

/// <summary>What a replay came to so far. What is not counted here was done before.</summary>
/// <param name="Changed">Records that changed something.</param>
/// <param name="ChangedIds">Orders, or batches of keys, that were changed; bounded.</param>
/// <param name="Refused">Records that could not be processed.</param>
/// <param name="RefusedRecords">Bounded.</param>
/// <param name="Archived">Records of orders that have ended and were moved away.</param>
/// <param name="PassedOver">Records that were not meant.</param>
public sealed record ReplayReport(
    long Changed, IReadOnlyList<string> ChangedIds, long Refused, IReadOnlyList<RefusedRecord> RefusedRecords,
    long Archived, long PassedOver)
{
    public static readonly ReplayReport Empty = new(0, [], 0, [], 0, 0);

    /// <summary>How many of so many records were done before.</summary>
    public long DoneOf(long records) => Math.Max(0, records - Changed - Refused - Archived - PassedOver);
}

/// <summary>Counts what messages came to.</summary>
/// <param name="countOrders">Whether distinct orders are counted, up to a bound.</param>
public sealed class ReplayTally(ReplayReport before, bool countOrders = false)
{
    /// <summary>More distinct orders are not counted.</summary>
    public const int MaxOrders = 200_000;

    private const int MaxIds = 1_000;
    private const int MaxRefused = 200;

    private readonly List<string> _ids = [.. before.ChangedIds];
    private readonly HashSet<string> _known = [.. before.ChangedIds];
    private readonly List<RefusedRecord> _refused = [.. before.RefusedRecords];
    private readonly HashSet<string> _orders = [];
    private long _changed = before.Changed;
    private long _refusedCount = before.Refused;
    private long _archived = before.Archived;
    private long _passedOver = before.PassedOver;

    public ReplayReport Report => new(_changed, [.. _ids], _refusedCount, [.. _refused], _archived, _passedOver);

    /// <summary>Rises with everything that the report counts.</summary>
    public long Counted => _changed + _refusedCount + _archived + _passedOver;

    /// <summary>Distinct orders that were met.</summary>
    public int Orders => _orders.Count;

    public void Add(Incoming message)
    {
        if (countOrders && _orders.Count < MaxOrders && ReplayFilter.OrderOf(message.Message) is { } order)
        {
            _orders.Add(order);
        }

        switch (message.Outcome)
        {
            case MessageOutcome.Changed:
                _changed++;
                if (_ids.Count < MaxIds && IdOf(message) is { } id && _known.Add(id))
                {
                    _ids.Add(id);
                }

                break;
            case MessageOutcome.Archived:
                _archived++;
                break;
            case MessageOutcome.None when message.Message is Replay.PassedOver:
                _passedOver++;
                break;
            case MessageOutcome.None or MessageOutcome.Repeat or MessageOutcome.GivenUp:
            default:
                break;
        }
    }

    public void Refuse(RefusedRecord record)
    {
        _refusedCount++;
        if (_refused.Count < MaxRefused)
        {
            _refused.Add(record);
        }
    }

    private static string? IdOf(Incoming message) => ReplayFilter.OrderOf(message.Message) ?? message.Message switch
    {
        KeysImported import => import.BatchId,
        KeysVoided order => order.VoidId,
        _ => null,
    };
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ReplayReport))]
internal sealed partial class ReplayJson : JsonSerializerContext;
