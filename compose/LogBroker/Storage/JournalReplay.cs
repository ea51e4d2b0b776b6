using CardShop.LogBroker.Protocol;

namespace CardShop.LogBroker.Storage;

/// <summary>A record batch that stands in the journal, whole and placed.</summary>
internal readonly record struct JournaledBatch(RecordBatch Header, ReadOnlyMemory<byte> Bytes);

/// <summary>
/// What an unclean end has left in the journal, by partition and in the order of writing. A file is read up to the first
/// entry that is not whole or belongs to an earlier use of the file: behind it nothing was acknowledged.
/// </summary>
internal sealed class JournalReplay
{
    private readonly Dictionary<PartitionId, List<JournaledBatch>> _batches = [];

    public int Count => _batches.Values.Sum(batches => batches.Count);

    /// <summary>The epoch of a file's last use; null for one that was never used.</summary>
    public static long? EpochOf(ReadOnlySpan<byte> file) =>
        JournalEntry.TryRead(file, out var epoch, out _, out _) ? epoch : null;

    /// <summary>Takes a file's entries; files come in the order of their epochs.</summary>
    public void Add(ReadOnlyMemory<byte> file)
    {
        var used = EpochOf(file.Span);
        while (JournalEntry.TryRead(file.Span, out var epoch, out var partition, out var length)
            && epoch == used && length > 0)
        {
            AddBatches(partition, file.Slice(JournalEntry.HeaderSize, length));
            file = file[(JournalEntry.HeaderSize + length)..];
        }
    }

    public IReadOnlyList<JournaledBatch> For(PartitionId partition) => _batches.GetValueOrDefault(partition) ?? [];

    private void AddBatches(PartitionId partition, ReadOnlyMemory<byte> bytes)
    {
        if (!_batches.TryGetValue(partition, out var batches))
        {
            _batches[partition] = batches = [];
        }

        while (!bytes.IsEmpty)
        {
            if (!RecordBatch.TryRead(bytes.Span, out var header) || header.Size > bytes.Length)
            {
                throw new InvalidDataException("a whole journal entry holds something that is no record batch");
            }

            batches.Add(new JournaledBatch(header, bytes[..header.Size]));
            bytes = bytes[header.Size..];
        }
    }
}
