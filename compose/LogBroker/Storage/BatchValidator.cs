using CardShop.LogBroker.Protocol;

namespace CardShop.LogBroker.Storage;

/// <summary>
/// What a produced batch must be before it may stand in a log: one batch of format v2 that says the truth about its
/// length, checksum, number of records and offsets. Compressed bodies pass through unread.
/// </summary>
internal static class BatchValidator
{
    private const int HighestCodec = 4;

    public static ErrorCode Check(
        ReadOnlySpan<byte> bytes, TopicConfig config, out RecordBatch batch, out string? message)
    {
        batch = default;
        message = null;
        if (bytes.Length > config.MaxMessageBytes)
        {
            return ErrorCode.MessageTooLarge;
        }

        if (bytes.Length < RecordBatch.LengthOverhead + 5)
        {
            return ErrorCode.CorruptMessage;
        }

        if (bytes[16] != RecordBatch.Magic2)
        {
            message = $"message format {bytes[16]} is not supported, only 2 is";
            return bytes[16] < RecordBatch.Magic2 ? ErrorCode.UnsupportedForMessageFormat : ErrorCode.InvalidRecord;
        }

        if (!RecordBatch.TryRead(bytes, out batch) || batch.Size > bytes.Length
            || RecordBatch.ComputeCrc(bytes[..batch.Size]) != batch.Crc)
        {
            return ErrorCode.CorruptMessage;
        }

        message = batch.Size < bytes.Length ? "more than one batch for one partition" : Problem(bytes, config, batch);
        return message is null ? ErrorCode.None
            : batch.Transactional ? ErrorCode.InvalidTransactionState
            : ErrorCode.InvalidRecord;
    }

    private static string? Problem(ReadOnlySpan<byte> bytes, TopicConfig config, in RecordBatch batch)
    {
        if (batch.Transactional)
        {
            return "transactions are not offered";
        }

        if (batch.Control)
        {
            return "control batches are not for clients";
        }

        if (batch.Count <= 0 || batch.LastOffsetDelta != batch.Count - 1)
        {
            return "record count and last offset do not agree";
        }

        if (batch.ProducerId >= 0 && (batch.BaseSequence < 0 || batch.ProducerEpoch < 0))
        {
            return "a producer id without a sequence";
        }

        if (batch.Codec != 0)
        {
            return batch.Codec > HighestCodec ? "unknown compression codec" : null;
        }

        return ProblemOfRecords(bytes[RecordBatch.HeaderSize..], config.Compact, batch.Count);
    }

    private static string? ProblemOfRecords(ReadOnlySpan<byte> body, bool keyed, int count)
    {
        var records = new RecordReader(body);
        for (var i = 0; i < count; i++)
        {
            if (!records.TryNext() || records.OffsetDelta != i)
            {
                return "a record's length or offset is wrong";
            }

            if (keyed && records.KeyLength < 0)
            {
                return "a compacted topic takes no record without a key";
            }
        }

        return records.AtEnd ? null : "bytes behind the last record";
    }
}
