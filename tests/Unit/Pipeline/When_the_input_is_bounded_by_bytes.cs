using CardShop.Pipeline.Batches;
using Xunit;

namespace CardShop.Tests.Unit.Pipeline;

public sealed class When_the_input_is_bounded_by_bytes
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_writer_waits_until_there_is_room_and_nothing_is_lost()
    {
        var queue = new InputQueue(100, maxBytes: 250);
        Assert.True(queue.Writer.TryWrite(new DueIncoming(1)));
        Assert.True(queue.Writer.TryWrite(new DueIncoming(2)));
        Assert.True(queue.Writer.TryWrite(new DueIncoming(3)));
        Assert.False(queue.Writer.TryWrite(new DueIncoming(4)));
        var writing = queue.Writer.WriteAsync(new DueIncoming(4), Stop).AsTask();
        Assert.False(writing.IsCompleted);

        Assert.True(queue.Reader.TryRead(out var first));
        await writing;

        Assert.Equal(1, Assert.IsType<DueIncoming>(first).Due);
        var rest = new List<object>();
        while (queue.Reader.TryRead(out var message))
        {
            rest.Add(Assert.IsType<DueIncoming>(message).Due);
        }

        Assert.Equal([2, 3, 4], rest.Cast<int>());
    }

    [Fact]
    public async Task Many_writers_and_a_reader_pass_every_message_once()
    {
        var queue = new InputQueue(10, maxBytes: 300);
        var writers = Enumerable.Range(0, 8).Select(w => Task.Run(
            async () =>
            {
                for (var i = 0; i < 500; i++)
                {
                    await queue.Writer.WriteAsync(new DueIncoming((w * 1_000) + i), Stop);
                }
            },
            Stop)).ToList();
        var seen = new HashSet<int>();
        while (seen.Count < 4_000 && await queue.Reader.WaitToReadAsync(Stop))
        {
            while (queue.Reader.TryRead(out var message))
            {
                Assert.True(seen.Add((int)((DueIncoming)message).Due));
            }
        }

        await Task.WhenAll(writers);
        Assert.Equal(4_000, seen.Count);
    }
}
