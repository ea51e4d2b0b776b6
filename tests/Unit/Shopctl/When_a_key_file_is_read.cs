using System.Text;
using CardShop.Shopctl.Keys;
using CardShop.Shopctl.Settings;
using Xunit;

namespace CardShop.Tests.Unit.Shopctl;

public sealed class When_a_key_file_is_read
{
    [Fact]
    public async Task Each_line_of_text_is_a_secret_and_blank_lines_only_count()
    {
        var lines = await ReadAsync("AAA\n\n  BBB \t\n\r\nCCC with blanks\r\n", KeyFileFormat.Text);

        Assert.Equal([(1, "AAA"), (3, "BBB"), (5, "CCC with blanks")], lines.Select(l => (l.Line, l.Key!.Secret)));
        Assert.All(lines, l => Assert.Null(l.Key!.Number));
    }

    [Fact]
    public async Task A_last_line_without_an_end_is_a_line() =>
        Assert.Equal(["A", "B"], (await ReadAsync("A\nB", KeyFileFormat.Text)).Select(l => l.Key!.Secret));

    [Fact]
    public async Task A_byte_order_mark_belongs_to_no_key() =>
        Assert.Equal("A", (await ReadAsync("\uFEFFA\n", KeyFileFormat.Text)).Single().Key!.Secret);

    [Theory]
    [InlineData("A\tB", "an unprintable character")]
    [InlineData("A\u0000B", "an unprintable character")]
    [InlineData("A\u001bB", "an unprintable character")]
    [InlineData("A\u200bB", "an unprintable character")]
    [InlineData("A\u2028B", "an unprintable character")]
    public async Task Unprintable_characters_are_refused_without_the_text(string text, string reason)
    {
        var line = (await ReadAsync("ok\n" + text + "\n", KeyFileFormat.Text))[1];

        Assert.Null(line.Key);
        Assert.Equal((2, reason), (line.Line, line.Refusal));
        Assert.DoesNotContain("A", line.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Other_scripts_are_printable() =>
        Assert.Equal("卡密-甲乙-😀", (await ReadAsync("卡密-甲乙-😀", KeyFileFormat.Text)).Single().Key!.Secret);

    [Fact]
    public async Task A_line_of_4096_bytes_is_taken_and_a_longer_one_refused()
    {
        var longest = new string('x', LineReader.MaxBytes);

        var lines = await ReadAsync($"{longest}\r\n{longest}y\nnext\n", KeyFileFormat.Text);

        Assert.Equal(longest, lines[0].Key!.Secret);
        Assert.Equal((2, "longer than 4,096 bytes"), (lines[1].Line, lines[1].Refusal));
        Assert.Equal((3, "next"), (lines[2].Line, lines[2].Key!.Secret));
    }

    [Fact]
    public async Task A_line_longer_than_any_buffer_is_one_refused_line()
    {
        var lines = await ReadAsync(new string('x', 1_000_000) + "\nnext", KeyFileFormat.Text);

        Assert.Equal([(1, false), (2, true)], lines.Select(l => (l.Line, l.Key is not null)));
    }

    [Fact]
    public async Task Bytes_that_are_no_utf8_are_refused_by_line_number()
    {
        byte[] bytes = [.. "A\n"u8, 0xff, 0xfe, .. "\nB\n"u8];

        var lines = await CollectAsync(new MemoryStream(bytes), KeyFileFormat.Text);

        Assert.Equal([(1, null), (2, "not valid UTF-8"), (3, null)], lines.Select(l => (l.Line, l.Refusal)));
    }

    [Fact]
    public async Task Lines_are_the_same_however_the_stream_is_cut()
    {
        var text = "alpha\r\n\r\nbeta,卡\ngamma\n" + new string('z', 5_000) + "\nlast";
        var whole = await ReadAsync(text, KeyFileFormat.Text);

        var cut = await CollectAsync(new OneByteStream(Encoding.UTF8.GetBytes(text)), KeyFileFormat.Text);

        Assert.Equal(whole, cut);
    }

    [Fact]
    public async Task Csv_has_number_and_secret_by_its_header()
    {
        var lines = await ReadAsync("Secret, NUMBER \nA,1\n\"B,\"\"x\",\nC, 3 \n", KeyFileFormat.Csv);

        Assert.Equal(
            [(2, "1", "A"), (3, null, "B,\"x"), (4, "3", "C")], lines.Select(l => (l.Line, l.Key!.Number, l.Key.Secret)));
    }

    [Fact]
    public async Task Csv_may_have_secrets_alone() =>
        Assert.Equal("A", (await ReadAsync("secret\nA\n", KeyFileFormat.Csv)).Single().Key!.Secret);

    [Theory]
    [InlineData("1", "1 fields where the header has 2")]
    [InlineData("1,2,3", "3 fields where the header has 2")]
    [InlineData("1,", "the secret is empty")]
    [InlineData("1,\"open", "a quotation mark is misplaced or not closed (a record is one line)")]
    [InlineData("1,\"a\"b", "a quotation mark is misplaced or not closed (a record is one line)")]
    [InlineData("1,a\"b\"", "a quotation mark is misplaced or not closed (a record is one line)")]
    public async Task A_malformed_record_is_refused_and_the_next_is_read(string record, string reason)
    {
        var lines = await ReadAsync($"number,secret\n{record}\n2,next\n", KeyFileFormat.Csv);

        Assert.Equal((2, reason), (lines[0].Line, lines[0].Refusal));
        Assert.Equal((3, "next"), (lines[1].Line, lines[1].Key!.Secret));
    }

    [Theory]
    [InlineData("")]
    [InlineData("\n\n")]
    [InlineData("AAA-BBB\nCCC\n")]
    [InlineData("number\n1\n")]
    [InlineData("number,secret,more\n1,2,3\n")]
    [InlineData("secret,secret\n1,2\n")]
    public async Task Csv_without_its_header_is_refused_as_a_whole(string text)
    {
        var failure = await Assert.ThrowsAsync<ShopctlException>(() => ReadAsync(text, KeyFileFormat.Csv));

        Assert.Equal(ExitCodes.Failed, failure.ExitCode);
        Assert.DoesNotContain("AAA", failure.Message, StringComparison.Ordinal);
    }

    private static Task<List<KeyLine>> ReadAsync(string text, KeyFileFormat format) =>
        CollectAsync(new MemoryStream(Encoding.UTF8.GetBytes(text)), format);

    private static async Task<List<KeyLine>> CollectAsync(Stream stream, KeyFileFormat format)
    {
        var lines = new List<KeyLine>();
        await foreach (var line in KeyFile.ReadAsync(stream, format, TestContext.Current.CancellationToken))
        {
            lines.Add(line);
        }

        return lines;
    }

    private sealed class OneByteStream(byte[] bytes) : MemoryStream(bytes)
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            base.ReadAsync(buffer[..1], cancellationToken);
    }
}
