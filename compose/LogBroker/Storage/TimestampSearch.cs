using CardShop.LogBroker.Protocol;

namespace CardShop.LogBroker.Storage;

/// <summary>
/// Finds a record by time in one segment. Batches whose codec the framework cannot read are answered with their first
/// offset: a consumer that seeks by time then sees a few records before it, never misses one after it.
/// </summary>
internal static class TimestampSearch
{
    public static TimestampedOffset? First(Segment segment, long limit, long timestamp, long logStart)
    {
        using var scanner = new BatchScanner(segment.File, segment.Index.PositionOfTimestamp(timestamp), limit);
        while (scanner.TryNext(out var batch))
        {
            if (batch.MaxTimestamp >= timestamp && batch.LastOffset >= logStart
                && Within(segment, scanner.Position, batch, timestamp, logStart) is { } found)
            {
                return found;
            }
        }

        return null;
    }

    private static TimestampedOffset? Within(
        Segment segment, long position, in RecordBatch batch, long timestamp, long logStart)
    {
        if (batch.LogAppendTime)
        {
            return new TimestampedOffset(Math.Max(batch.BaseOffset, logStart), batch.MaxTimestamp);
        }

        var bytes = new byte[batch.Size];
        if (RandomAccess.Read(segment.File, bytes, position) != bytes.Length
            || BatchBody.TryOpen(bytes, batch) is not { } body)
        {
            return new TimestampedOffset(Math.Max(batch.BaseOffset, logStart), batch.MaxTimestamp);
        }

        var records = new RecordReader(body.Span);
        while (records.TryNext())
        {
            var offset = batch.BaseOffset + records.OffsetDelta;
            if (batch.BaseTimestamp + records.TimestampDelta >= timestamp && offset >= logStart)
            {
                return new TimestampedOffset(offset, batch.BaseTimestamp + records.TimestampDelta);
            }
        }

        return null;
    }
}
