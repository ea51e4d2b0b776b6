using CardShop.Pipeline.Outbox;
using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace CardShop.Tests.Unit.Pipeline;

public sealed class When_outbox_rows_are_encoded
{
    private static readonly Gen<string> Text = ArbMap.Default.GeneratorFor<string>()
        .Select(s => s is null ? string.Empty : new string([.. s.Where(c => !char.IsSurrogate(c))]) + "卡密🂡");

    private static readonly Gen<DateTimeOffset> Time = Gen.Choose(0, int.MaxValue)
        .Select(s => DateTimeOffset.UnixEpoch.AddSeconds(s).AddMilliseconds(s % 1_000));

    private static readonly Gen<byte[]> Bytes = ArbMap.Default.GeneratorFor<byte[]>().Select(b => b ?? []);

    [Fact]
    public void Records_come_back_as_they_were()
    {
        var record = from topic in Text
                     from partition in Gen.Choose(0, 1_000)
                     from key in Text
                     from type in Text
                     from body in Bytes
                     from at in Time
                     from order in Gen.OneOf(Gen.Constant<string?>(null), Text.Select(t => (string?)t))
                     from id in Gen.OneOf(Gen.Constant<string?>(null), Text.Select(t => (string?)t))
                     from sequence in Gen.OneOf(Gen.Constant<int?>(null), Gen.Choose(0, 1_000).Select(n => (int?)n))
                     select new OutRecord(topic, partition, key, type, body, at, order, id, sequence);
        Prop.ForAll(Arb.From(record.ListOf()), list =>
        {
            var read = OutboxCodec.DecodeRecords(OutboxCodec.Encode((IReadOnlyList<OutRecord>)[.. list]));
            Assert.Equal(list.Select(r => r with { Body = [] }), read.Select(r => r with { Body = [] }), SameRecord);
            Assert.Equal(list.Select(r => r.Body), read.Select(r => r.Body));
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void Commands_come_back_as_they_were()
    {
        var command = from queue in Text
                      from type in Text
                      from id in Text
                      from conversation in Text
                      from body in Bytes
                      from at in Time
                      select new OutCommand(queue, type, id, conversation, body, at);
        Prop.ForAll(Arb.From(command.ListOf()), list =>
        {
            var read = OutboxCodec.DecodeCommands(OutboxCodec.Encode((IReadOnlyList<OutCommand>)[.. list]));
            Assert.Equal(
                list.Select(c => (c.Queue, c.Type, c.MessageId, c.ConversationId, c.At, Convert.ToHexString(c.Body))),
                read.Select(c => (c.Queue, c.Type, c.MessageId, c.ConversationId, c.At, Convert.ToHexString(c.Body))));
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void Nothing_is_null_and_null_is_nothing()
    {
        Assert.Null(OutboxCodec.Encode((IReadOnlyList<OutRecord>)[]));
        Assert.Null(OutboxCodec.Encode((IReadOnlyList<OutCommand>)[]));
        Assert.Empty(OutboxCodec.DecodeRecords(null));
        Assert.Empty(OutboxCodec.DecodeCommands(null));
    }

    [Fact]
    public void A_row_of_a_later_version_is_refused() =>
        Assert.Throws<InvalidDataException>(() => OutboxCodec.DecodeRecords([4, 0, 0, 0, 0, 0, 0, 0, 1]));

    [Fact]
    public void Spans_come_back_and_messages_without_one_have_none()
    {
        var record = new OutRecord("topic", 1, "key", "type", [1], DateTimeOffset.UnixEpoch, "order");
        var command = new OutCommand("queue", "type", "id", "order", [2], DateTimeOffset.UnixEpoch);
        Assert.Equal(
            [null, "00-11111111111111111111111111111111-2222222222222222-01"],
            OutboxCodec.DecodeRecords(OutboxCodec.Encode(
                [record, record with { TraceParent = "00-11111111111111111111111111111111-2222222222222222-01" }])).Select(r => r.TraceParent));
        Assert.Equal(
            ["parent", null],
            OutboxCodec.DecodeCommands(OutboxCodec.Encode([command with { TraceParent = "parent" }, command])).Select(c => c.TraceParent));
    }

    [Fact]
    public void A_row_without_spans_is_one_that_the_version_before_reads()
    {
        Assert.Equal(2, OutboxCodec.Encode([new OutRecord("topic", 1, "key", "type", [1], DateTimeOffset.UnixEpoch)])![0]);
        Assert.Equal(2, OutboxCodec.Encode([new OutCommand("queue", "type", "id", "order", [2], DateTimeOffset.UnixEpoch)])![0]);
    }

    [Fact]
    public void A_row_of_the_first_version_is_read()
    {
        var record = new OutRecord("topic", 1, "key", "type", [], DateTimeOffset.UnixEpoch, "order", "id");
        var row = OutboxCodec.Encode([record])!;
        // It had no sequence, which stands before the body's length.
        byte[] before = [1, .. row[1..^12], .. row[^4..]];

        Assert.Equal([record], OutboxCodec.DecodeRecords(before), SameRecord);
    }

    private static bool SameRecord(OutRecord a, OutRecord b) =>
        (a.Topic, a.Partition, a.Key, a.Type, a.At, a.OrderId, a.EventId, a.Sequence)
        == (b.Topic, b.Partition, b.Key, b.Type, b.At, b.OrderId, b.EventId, b.Sequence);
}
