using System.Text;
using CardShop.Shopctl.Keys;
using CardShop.Shopctl.Settings;
using Xunit;

namespace CardShop.Tests.Unit.Shopctl;

public sealed class When_a_key_file_has_another_encoding
{
    private const string Sample = "number,secret\r\n1,卡密甲-AAA\r\n2,\"引号\"\"乙\"\r\n3,last";

    public static TheoryData<string> Names => ["utf-8", "gb18030", "utf-16le", "utf-16be"];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task It_is_detected_with_and_without_a_byte_order_mark(string name)
    {
        byte[][] files = [Bytes(name, Sample), [.. MarkOf(name), .. Bytes(name, Sample)]];
        foreach (var file in files)
        {
            FileEncoding? detected = null;
            var lines = await ReadAsync(file, new(KeyFileFormat.Csv, Detected: e => detected = e));

            Assert.Equal(FileEncoding.Named(name), detected);
            Assert.Equal(
                [(2, "1", "卡密甲-AAA"), (3, "2", "引号\"乙"), (4, "3", "last")],
                lines.Select(l => (l.Line, l.Key!.Number, l.Key.Secret)));
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Lines_are_the_same_however_long_the_file_is(string name)
    {
        // Line ends fall on every place of the reader's buffer, and characters lie across its end.
        var secrets = Enumerable.Range(0, 20_000).Select(i => $"密{i}" + new string('x', i % 7)).ToList();

        var lines = await ReadAsync(
            Bytes(name, string.Join('\n', secrets)), new(KeyFileFormat.Text, FileEncoding.Named(name)));

        Assert.Equal(secrets, lines.Select(l => l.Key!.Secret));
        Assert.Equal(Enumerable.Range(1, secrets.Count).Select(i => (long)i), lines.Select(l => l.Line));
    }

    [Fact]
    public async Task A_line_that_is_not_valid_in_it_is_refused_by_number_and_the_next_is_read()
    {
        byte[] gbk = [.. Bytes("gb18030", "甲乙丙\n"), 0xff, 0xff, .. Bytes("gb18030", "\n丁\n")];
        byte[] utf16 = [.. Bytes("utf-16le", "甲\n"), 0x00, 0xd8, .. Bytes("utf-16le", "x\n丁\n"), 0x41];

        var inGbk = await ReadAsync(gbk, new(KeyFileFormat.Text, FileEncoding.Gb18030));
        var inUtf16 = await ReadAsync(utf16, new(KeyFileFormat.Text, FileEncoding.Utf16Little));

        Assert.Equal([null, "not valid GB18030", null], inGbk.Select(l => l.Refusal));
        Assert.Equal([null, "not valid UTF-16LE", null, "not valid UTF-16LE"], inUtf16.Select(l => l.Refusal));
    }

    [Fact]
    public async Task What_the_operator_says_counts_more_than_what_it_looks_like()
    {
        var bytes = Bytes("gb18030", "卡密");

        Assert.Equal("卡密", Assert.Single(await ReadAsync(bytes, new(KeyFileFormat.Text))).Key!.Secret);
        Assert.Equal(
            "not valid UTF-8", Assert.Single(await ReadAsync(bytes, new(KeyFileFormat.Text, FileEncoding.Utf8))).Refusal);
    }

    [Theory]
    [InlineData("A\nB", null, "A")]
    [InlineData("1,A\n2,B", "1", "A")]
    [InlineData("number,secret\n2,B", "number", "secret")]
    public async Task Without_a_header_the_columns_are_told_by_their_number(string text, string? number, string secret)
    {
        var lines = await ReadAsync(Bytes("utf-8", text), new(KeyFileFormat.Csv, Header: false));

        Assert.Equal((1, number, secret), (lines[0].Line, lines[0].Key!.Number, lines[0].Key!.Secret));
        Assert.Equal("B", lines[1].Key!.Secret);
    }

    [Fact]
    public async Task Without_a_header_three_columns_are_none_of_ours() =>
        await Assert.ThrowsAsync<ShopctlException>(
            () => ReadAsync(Bytes("utf-8", "1,2,3\n"), new(KeyFileFormat.Csv, Header: false)));

    private static byte[] MarkOf(string name) => Bytes(name, "\uFEFF");

    private static byte[] Bytes(string name, string text) => (name switch
    {
        "utf-16le" => new UnicodeEncoding(bigEndian: false, byteOrderMark: false),
        "utf-16be" => new UnicodeEncoding(bigEndian: true, byteOrderMark: false),
        "gb18030" => CodePagesEncodingProvider.Instance.GetEncoding("GB18030")!,
        _ => (Encoding)new UTF8Encoding(false),
    }).GetBytes(text);

    private static async Task<List<KeyLine>> ReadAsync(byte[] bytes, KeyFileOptions options)
    {
        var lines = new List<KeyLine>();
        await foreach (var line in KeyFile.ReadAsync(
            new MemoryStream(bytes), options, TestContext.Current.CancellationToken))
        {
            lines.Add(line);
        }

        return lines;
    }
}
