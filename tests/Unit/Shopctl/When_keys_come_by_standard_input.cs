using System.Text;
using CardShop.Shopctl.Keys;
using CardShop.Shopctl.Settings;
using Xunit;

namespace CardShop.Tests.Unit.Shopctl;

public sealed class When_keys_come_by_standard_input
{
    private const string Whole = "first-key\nsecond-key\nthird-key";

    [Fact]
    public async Task A_whole_file_is_read_to_its_end_and_not_beyond()
    {
        Assert.Equal(["first-key", "second-key", "third-key"], await SecretsAsync(Whole, Whole.Length));
        Assert.Equal(["first-key", "second-key"], await SecretsAsync(Whole, "first-key\nsecond-key".Length));
        Assert.Empty(await SecretsAsync("", 0));
    }

    [Fact]
    public async Task A_file_that_ends_early_is_a_failure_and_its_cut_line_is_no_key()
    {
        for (var length = 0; length < Whole.Length; length++)
        {
            var read = new List<string>();
            var failure = await Assert.ThrowsAsync<ShopctlException>(
                () => ReadAsync(Whole[..length], Whole.Length, read));

            Assert.Equal(ExitCodes.Failed, failure.ExitCode);
            Assert.DoesNotContain("key", failure.Message.Replace("keys", "", StringComparison.Ordinal), StringComparison.Ordinal);
            Assert.All(read, secret => Assert.Contains(secret, Whole.Split('\n')));
        }
    }

    [Fact]
    public async Task How_far_it_is_can_be_told()
    {
        await using var stream = new WholeStream(new MemoryStream(new byte[100]), 100);
        Assert.Equal((0, 100), (stream.Position, stream.Length));
        Assert.Equal(40, await stream.ReadAsync(new byte[40], TestContext.Current.CancellationToken));
        Assert.Equal(40, stream.Position);
    }

    private static async Task<List<string>> SecretsAsync(string text, long length)
    {
        var read = new List<string>();
        await ReadAsync(text, length, read);
        return read;
    }

    private static async Task ReadAsync(string text, long length, List<string> read)
    {
        await using var stream = new WholeStream(new MemoryStream(Encoding.UTF8.GetBytes(text)), length);
        await foreach (var line in KeyFile.ReadAsync(stream, KeyFileFormat.Text, TestContext.Current.CancellationToken))
        {
            read.Add(line.Key!.Secret);
        }
    }
}
