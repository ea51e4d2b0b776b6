using System.Text;
using CardShop.Shop.Reconciliation;
using Xunit;
using static CardShop.Tests.Unit.Reconciliation.Statements;

namespace CardShop.Tests.Unit.Reconciliation;

/// <summary>It looks at the memory of the whole process: nothing else runs beside it.</summary>
[Collection(Alone)]
public sealed class When_a_large_statement_is_read
{
    internal const string Alone = "alone";

    [Fact]
    public async Task A_million_lines_are_read_in_little_memory()
    {
        const int Count = 1_000_000;
        using var file = new RepeatedLines(
            Encoding.UTF8.GetBytes(PlainHeader + "\n"), "n1,t1,payment,1000,CNY,2026-03-05 10:00:09,\n"u8.ToArray(), Count);
        var reader = new StatementReader(file, Latest);
        var rows = 0;
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var highest = 0L;

        await foreach (var row in reader.ReadAsync(TestContext.Current.CancellationToken))
        {
            rows += row.Line is not null ? 1 : 0;
            highest = rows % 100_000 == 0 ? Math.Max(highest, GC.GetTotalMemory(forceFullCollection: true)) : highest;
        }

        Assert.Equal(Count, rows);
        Assert.True(highest - before < 64_000_000, $"{highest - before:N0} bytes are held");
    }

    /// <summary>A file that is never in memory: a head, and the same line again and again.</summary>
    private sealed class RepeatedLines(byte[] head, byte[] line, int count) : Stream
    {
        private long _at;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => head.Length + ((long)line.Length * count);

        public override long Position { get => _at; set => throw new NotSupportedException(); }

        public override int Read(byte[] buffer, int offset, int count)
        {
            var read = 0;
            for (; read < count && _at < Length; read++, _at++)
            {
                buffer[offset + read] = _at < head.Length ? head[_at] : line[(_at - head.Length) % line.Length];
            }

            return read;
        }

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
