using System.Buffers.Binary;
using CardShop.LogBroker.Protocol;
using CardShop.LogBroker.Storage;
using Xunit;

namespace CardShop.Tests.Unit.LogBroker;

public sealed class ValidationTests
{
    [Fact]
    public void A_sound_batch_passes() => Assert.Equal(ErrorCode.None, Check(Sound()));

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void Older_formats_are_refused_as_such(byte magic) =>
        Assert.Equal(ErrorCode.UnsupportedForMessageFormat, Check(Batch.With(Sound(), b => b[16] = magic)));

    [Fact]
    public void A_wrong_checksum_is_corruption()
    {
        var batch = Sound();
        batch[^1] ^= 1;

        Assert.Equal(ErrorCode.CorruptMessage, Check(batch));
    }

    [Fact]
    public void A_batch_cut_short_is_corruption()
    {
        for (var length = 0; length < Sound().Length; length++)
        {
            Assert.Equal(ErrorCode.CorruptMessage, Check(Sound()[..length]));
        }
    }

    [Theory]
    [InlineData(57, 3)]  // record count
    [InlineData(57, 0)]
    [InlineData(23, 5)]  // last offset delta
    public void Counts_that_do_not_agree_are_refused(int field, int value) => Assert.Equal(
        ErrorCode.InvalidRecord,
        Check(Batch.With(Sound(), b => BinaryPrimitives.WriteInt32BigEndian(b.AsSpan(field), value))));

    [Fact]
    public void A_record_whose_offset_is_wrong_is_refused() => Assert.Equal(
        ErrorCode.InvalidRecord,
        Check(Batch.With(Sound(), b => b[RecordBatch.HeaderSize + 3] = 8))); // length, attributes, time, offset

    [Fact]
    public void Two_batches_for_one_partition_are_refused() =>
        Assert.Equal(ErrorCode.InvalidRecord, Check([.. Sound(), .. Sound()]));

    [Fact]
    public void Transactional_and_control_batches_are_refused()
    {
        Assert.Equal(ErrorCode.InvalidTransactionState, Check(Batch.With(Sound(), b => b[22] |= 0x10)));
        Assert.Equal(ErrorCode.InvalidRecord, Check(Batch.With(Sound(), b => b[22] |= 0x20)));
    }

    [Fact]
    public void A_batch_above_the_topics_limit_is_too_large() => Assert.Equal(
        ErrorCode.MessageTooLarge, Check(Sound(), TopicConfig.Create(("max.message.bytes", "50"))));

    [Fact]
    public void A_compacted_topic_wants_keys()
    {
        var batch = Batch.Of(0, ("", "v"));
        batch[RecordBatch.HeaderSize + 4] = 1; // the key's length: -1, null
        RecordBatch.Sign(batch);

        Assert.Equal(ErrorCode.None, Check(batch));
        Assert.Equal(ErrorCode.InvalidRecord, Check(batch, TopicConfig.Create(("cleanup.policy", "compact"))));
    }

    [Fact]
    public void Unknown_and_impossible_settings_are_refused()
    {
        Assert.Null(TryConfig("no.such.setting", "1"));
        Assert.Null(TryConfig("retention.ms", "soon"));
        Assert.Null(TryConfig("retention.ms", "-2"));
        Assert.Null(TryConfig("cleanup.policy", "shred"));
        Assert.Null(TryConfig("segment.bytes", null));
        Assert.NotNull(TryConfig("cleanup.policy", "compact,delete"));
    }

    private static TopicConfig? TryConfig(string name, string? value) => TopicConfig.TryCreate(
        [KeyValuePair.Create(name, value)], new Dictionary<string, string>(), out _);

    private static byte[] Sound() => Batch.Of(1000, ("a", "1"), ("b", "2"));

    private static ErrorCode Check(byte[] batch, TopicConfig? config = null) =>
        BatchValidator.Check(batch, config ?? TopicConfig.Create(), out _, out _);
}
