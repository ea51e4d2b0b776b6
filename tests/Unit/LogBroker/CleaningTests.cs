using CardShop.LogBroker.Protocol;
using Xunit;

namespace CardShop.Tests.Unit.LogBroker;

public sealed class CleaningTests
{
    private static readonly (string, string)[] Compacted =
        [("cleanup.policy", "compact"), ("segment.bytes", "4096"), ("min.cleanable.dirty.ratio", "0")];

    [Fact]
    public async Task Old_segments_go_with_their_age_and_the_log_starts_later()
    {
        using var log = new LogFixture(("segment.bytes", "4096"), ("retention.ms", "60000"));
        await Write(log, 200);
        log.Clock.Advance(TimeSpan.FromMinutes(2));
        await log.AppendRecord("young", "1");

        log.Log.ApplyRetention();

        var left = log.ReadAll();
        Assert.Equal("young", left[^1].Key);
        Assert.Equal(left[0].Offset, log.Log.LogStart);
        Assert.InRange(left.Count, 1, 60); // the rest of the segment that was open
        Assert.Equal(ErrorCode.OffsetOutOfRange, log.Log.Read(0, 100, true).Error);
        log.ReopenAfterKill();
        Assert.Equal(left, log.ReadAll());
    }

    [Fact]
    public async Task Old_segments_go_with_the_logs_size()
    {
        using var log = new LogFixture(("segment.bytes", "4096"), ("retention.bytes", "10000"));
        await Write(log, 500);

        log.Log.ApplyRetention();

        Assert.InRange(log.Log.SizeBytes, 10_000, 10_000 + 4096);
        Assert.Equal(499, log.ReadAll()[^1].Offset);
    }

    [Fact]
    public async Task Nothing_goes_unless_asked_for()
    {
        using var log = new LogFixture(("segment.bytes", "4096"));
        await Write(log, 200);
        log.Clock.Advance(TimeSpan.FromDays(4000));

        log.Log.ApplyRetention();
        log.Log.Compact(TestContext.Current.CancellationToken);

        Assert.Equal(200, log.ReadAll().Count);
    }

    [Fact]
    public async Task Deleted_records_stay_deleted()
    {
        using var log = new LogFixture(("segment.bytes", "4096"));
        await Write(log, 200);

        Assert.Equal(ErrorCode.OffsetOutOfRange, log.Log.DeleteRecordsBefore(201));
        Assert.Equal(ErrorCode.None, log.Log.DeleteRecordsBefore(150));
        log.ReopenAfterKill();

        Assert.Equal((150, 150), (log.Log.LogStart, log.ReadAll()[0].Offset));
        var files = log.Segments.Count;
        log.Log.ApplyRetention();
        Assert.True(log.Segments.Count < files, "whole segments before the start are removed");
        Assert.Equal(50, log.ReadAll().Count);
    }

    [Fact]
    public async Task Compaction_keeps_the_last_value_of_every_key_at_its_offset()
    {
        using var log = new LogFixture(Compacted);
        await Write(log, 1000);
        await log.Append(Batch.Gzipped(Batch.Of(log.Clock.Milliseconds, ("key01", "zip"), ("key02", "zip"))));
        await Write(log, 200);
        var wanted = LastOfEachKey(log.ReadAll());
        var size = log.Log.SizeBytes;

        await Compact(log);

        Assert.Equal(wanted, LastOfEachKey(log.ReadAll()));
        Assert.True(log.Log.SizeBytes < size / 3, $"{log.Log.SizeBytes} of {size} bytes are left");
        var after = log.ReadAll();
        log.ReopenAfterKill();
        Assert.Equal(after, log.ReadAll());
        Assert.Equal(1202, (await log.AppendRecord("next", "1")).BaseOffset);
    }

    [Fact]
    public async Task Every_offset_can_still_be_fetched_from_after_compaction()
    {
        using var log = new LogFixture(Compacted);
        await Write(log, 1000);
        await Compact(log);
        var offsets = log.ReadAll().ConvertAll(r => r.Offset);

        for (long from = 0; from < 1000; from += 37)
        {
            using var region = log.Log.Read(from, 1, atLeastOneBatch: true).Region;
            var bytes = new byte[region!.Length];
            region.Read(0, bytes);
            Assert.True(RecordBatch.TryRead(bytes, out var batch));
            Assert.True(batch.LastOffset >= offsets.First(o => o >= from)
                && batch.BaseOffset <= offsets.First(o => o >= from));
        }
    }

    [Fact]
    public async Task A_tombstone_goes_after_its_time_and_its_key_with_it()
    {
        using var log = new LogFixture([.. Compacted, ("delete.retention.ms", "1000")]);
        await log.AppendRecord("gone", "1");
        await log.AppendRecord("gone", null);
        await Write(log, 200);
        await Compact(log);
        Assert.Equal([null], log.ReadAll().Where(r => r.Key == "gone").Select(r => r.Value));

        foreach (var file in log.Segments)
        {
            File.SetLastWriteTimeUtc(file, log.Clock.GetUtcNow().UtcDateTime - TimeSpan.FromHours(1));
        }

        await Write(log, 200);
        await Compact(log);

        Assert.DoesNotContain(log.ReadAll(), r => r.Key == "gone");
    }

    [Fact]
    public async Task A_crash_between_the_steps_of_compaction_loses_and_repeats_nothing()
    {
        using var log = new LogFixture(Compacted);
        await Write(log, 1000);
        var originals = log.Segments.ToDictionary(f => f, File.ReadAllBytes);
        await Compact(log);
        var compacted = log.ReadAll();
        var rewritten = log.Segments[0];

        log.ReopenAfterKill(() =>
        {
            // As it stands after the rename to .swap: the result is complete, every original still there.
            var swap = Path.ChangeExtension(rewritten, ".swap");
            File.Move(rewritten, swap);
            foreach (var (path, bytes) in originals.Where(o => !File.Exists(o.Key)))
            {
                File.WriteAllBytes(path, bytes);
            }

            File.WriteAllText(Path.ChangeExtension(rewritten, ".cleaned"), "half");
        });

        var now = log.ReadAll();
        Assert.Equal(LastOfEachKey(compacted), LastOfEachKey(now));
        Assert.Equal(now.ConvertAll(r => r.Offset).Order().Distinct(), now.ConvertAll(r => r.Offset));
        Assert.Empty(Directory.GetFiles(log.Directory, "*.cleaned"));
    }

    private static async Task Write(LogFixture log, int count)
    {
        for (var i = 0; i < count; i++)
        {
            await log.AppendRecord($"key{i % 20:D2}", $"value{i}");
        }
    }

    /// <summary>The first run asks for a checkpoint, which the flusher writes; then a run does the work.</summary>
    private static async Task Compact(LogFixture log)
    {
        var before = log.Log.SizeBytes;
        var deadline = Environment.TickCount64 + 30_000;
        while (log.Log.SizeBytes == before)
        {
            Assert.True(Environment.TickCount64 < deadline, "compaction did not change the log");
            log.Log.Compact(TestContext.Current.CancellationToken);
            await Task.Yield();
        }
    }

    private static SortedDictionary<string, (long, string?)> LastOfEachKey(List<StoredRecord> records)
    {
        var last = new SortedDictionary<string, (long, string?)>(StringComparer.Ordinal);
        foreach (var record in records)
        {
            last[record.Key!] = (record.Offset, record.Value);
        }

        return last;
    }
}
