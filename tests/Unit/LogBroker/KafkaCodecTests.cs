using CardShop.LogBroker.Protocol;
using Xunit;

namespace CardShop.Tests.Unit.LogBroker;

public sealed class KafkaCodecTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void What_is_written_is_read_back(bool flexible)
    {
        var id = new Guid("0102030405060708090a0b0c0d0e0f10");
        using var writer = new KafkaWriter(flexible, 16);
        writer.Int8(-1);
        writer.Bool(true);
        writer.Int16(short.MinValue);
        writer.Int32(int.MaxValue);
        writer.Int64(long.MinValue);
        writer.Uuid(id);
        writer.String("卡密");
        writer.String(null);
        writer.Bytes([1, 2, 3]);
        writer.Int32Array([7, -8]);
        writer.ArrayLength(-1);
        writer.Tags();

        var reader = new KafkaReader(writer.Written.Span, flexible);
        Assert.Equal(-1, reader.Int8());
        Assert.True(reader.Bool());
        Assert.Equal(short.MinValue, reader.Int16());
        Assert.Equal(int.MaxValue, reader.Int32());
        Assert.Equal(long.MinValue, reader.Int64());
        Assert.Equal(id, reader.Uuid());
        Assert.Equal("卡密", reader.String());
        Assert.Null(reader.NullableString());
        Assert.Equal([1, 2, 3], reader.Bytes().ToArray());
        Assert.Equal([7, -8], reader.Int32Array());
        Assert.Equal(-1, reader.ArrayLength());
        reader.Tags();
        Assert.Equal(0, reader.Remaining);
    }

    [Theory]
    [InlineData(0u)]
    [InlineData(127u)]
    [InlineData(128u)]
    [InlineData(300u)]
    [InlineData(uint.MaxValue)]
    public void A_varint_survives(uint value)
    {
        using var writer = new KafkaWriter(flexible: true);
        writer.UnsignedVarint(value);

        var reader = new KafkaReader(writer.Written.Span, flexible: true);

        Assert.Equal(value, reader.UnsignedVarint());
        Assert.Equal(0, reader.Remaining);
    }

    [Fact]
    public void Tagged_fields_that_nobody_knows_are_skipped()
    {
        byte[] bytes = [2, 5, 3, 9, 9, 9, 200, 1, 0, 42];
        var reader = new KafkaReader(bytes, flexible: true);

        reader.Tags();

        Assert.Equal(42, reader.Int8());
    }

    [Theory]
    [InlineData(false, new byte[] { 0, 5, 65 })]                          // string longer than the rest
    [InlineData(true, new byte[] { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff })] // endless varint
    [InlineData(false, new byte[] { 0xff, 0xff })]                        // null where a string must stand
    [InlineData(false, new byte[] { 0, 1, 0xff })]                        // not UTF-8
    [InlineData(false, new byte[] { })]
    public void Bytes_that_are_no_string_are_malformed(bool flexible, byte[] bytes) =>
        Assert.Throws<MalformedRequestException>(() => new KafkaReader(bytes, flexible).String());

    [Fact]
    public void An_array_cannot_claim_more_elements_than_there_are_bytes() =>
        Assert.Throws<MalformedRequestException>(
            () => new KafkaReader([0x7f, 0xff, 0xff, 0xff, 0, 0], flexible: false).ArrayLength());

    [Fact]
    public void Crc32c_gives_the_published_value() =>
        Assert.Equal(0xe3069283u, Crc32C.Compute("123456789"u8));
}
