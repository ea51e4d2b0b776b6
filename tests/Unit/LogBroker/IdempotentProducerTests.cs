using CardShop.LogBroker.Protocol;
using CardShop.LogBroker.Storage;
using Xunit;

namespace CardShop.Tests.Unit.LogBroker;

public sealed class IdempotentProducerTests
{
    [Fact]
    public async Task A_repeated_batch_gets_its_first_offset_and_is_stored_once()
    {
        using var log = new LogFixture();
        for (var i = 0; i < 5; i++)
        {
            await log.Append(Batch.Sequenced(7, 0, i * 2, 2));
        }

        for (var i = 0; i < 5; i++)
        {
            var repeated = await log.Append(Batch.Sequenced(7, 0, i * 2, 2));
            Assert.Equal((ErrorCode.None, i * 2), (repeated.Error, repeated.BaseOffset));
        }

        Assert.Equal(10, log.ReadAll().Count);
    }

    [Fact]
    public async Task A_gap_is_refused_and_the_missing_batch_still_fits()
    {
        using var log = new LogFixture();
        await log.Append(Batch.Sequenced(7, 0, 0));

        Assert.Equal(ErrorCode.OutOfOrderSequenceNumber, (await log.Append(Batch.Sequenced(7, 0, 2))).Error);
        Assert.Equal(1, (await log.Append(Batch.Sequenced(7, 0, 1))).BaseOffset);
        Assert.Equal(2, (await log.Append(Batch.Sequenced(7, 0, 2))).BaseOffset);
    }

    [Fact]
    public async Task An_older_epoch_is_fenced_and_a_newer_starts_at_zero()
    {
        using var log = new LogFixture();
        await log.Append(Batch.Sequenced(7, 3, 0));

        Assert.Equal(ErrorCode.InvalidProducerEpoch, (await log.Append(Batch.Sequenced(7, 2, 1))).Error);
        Assert.Equal(ErrorCode.OutOfOrderSequenceNumber, (await log.Append(Batch.Sequenced(7, 4, 1))).Error);
        Assert.Equal(ErrorCode.None, (await log.Append(Batch.Sequenced(7, 4, 0))).Error);
    }

    [Fact]
    public async Task An_unknown_producer_may_go_on_where_it_was() // its records may have gone with retention
    {
        using var log = new LogFixture();

        Assert.Equal(ErrorCode.None, (await log.Append(Batch.Sequenced(7, 0, 500))).Error);
        Assert.Equal(ErrorCode.None, (await log.Append(Batch.Sequenced(7, 0, 501))).Error);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Producers_are_known_again_after_a_restart(bool clean)
    {
        using var log = new LogFixture(("segment.bytes", "4096"));
        for (var i = 0; i < 100; i++)
        {
            await log.Append(Batch.Sequenced(7, 0, i));
        }

        if (clean)
        {
            log.Reopen();
        }
        else
        {
            log.ReopenAfterKill();
        }

        Assert.Equal(97, (await log.Append(Batch.Sequenced(7, 0, 97))).BaseOffset);
        Assert.Equal(ErrorCode.OutOfOrderSequenceNumber, (await log.Append(Batch.Sequenced(7, 0, 105))).Error);
        Assert.Equal(100, (await log.Append(Batch.Sequenced(7, 0, 100))).BaseOffset);
        Assert.Equal(101, log.ReadAll().Count);
    }

    [Fact]
    public void After_a_failed_first_batch_the_next_in_flight_is_not_taken_for_it()
    {
        var states = new ProducerStates();
        Assert.True(RecordBatch.TryRead(Batch.Sequenced(7, 0, 0, 3), out var first));
        Assert.True(RecordBatch.TryRead(Batch.Sequenced(7, 0, 3), out var second));

        states.Failed(first, 0);

        Assert.Equal(ErrorCode.OutOfOrderSequenceNumber, states.Check(second).Error);
        Assert.Equal(ErrorCode.None, states.Check(first).Error);
    }

    [Fact]
    public void Sequences_go_around_at_two_to_the_31()
    {
        var states = new ProducerStates();
        Assert.True(RecordBatch.TryRead(Batch.Sequenced(7, 0, 0, 3), out var batch));
        states.Stored(At(batch, int.MaxValue - 1), 0, -1, 0); // MaxValue - 1, MaxValue, 0

        Assert.Equal(0, ProducerStates.LastSequenceOf(int.MaxValue - 1, 2));
        Assert.Equal(ErrorCode.None, states.Check(At(batch, 1)).Error);
        Assert.Equal(ErrorCode.OutOfOrderSequenceNumber, states.Check(At(batch, 2)).Error);
    }

    private static RecordBatch At(RecordBatch batch, int sequence)
    {
        Assert.Equal(2, batch.LastOffsetDelta);
        var bytes = Batch.Sequenced(batch.ProducerId, batch.ProducerEpoch, 0, 3);
        System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(53), sequence);
        Assert.True(RecordBatch.TryRead(bytes, out var moved));
        return moved;
    }
}
