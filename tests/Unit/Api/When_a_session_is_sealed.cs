using System.Security.Cryptography;
using CardShop.Api.Admin;
using CardShop.Shop.Operators;
using CardShop.Tests.Unit.Pipeline;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace CardShop.Tests.Unit.Api;

public sealed class When_a_session_is_sealed
{
    private const string Key = "0123456789abcdef the key";

    private readonly ManualTime _time = new();
    private readonly Dictionary<byte, byte[]> _secrets = new()
    {
        [1] = RandomNumberGenerator.GetBytes(32),
        [2] = RandomNumberGenerator.GetBytes(32),
    };

    [Fact]
    public void It_opens_to_its_key_in_every_process_of_the_installation_until_its_end()
    {
        var (value, endsAt) = new SessionSeal(_secrets, 1, _time).Seal(Key);

        // Another process, in which a newer secret seals already.
        var other = new SessionSeal(new Dictionary<byte, byte[]>(_secrets), 2, _time);
        Assert.Equal(new ShownKey(Key, endsAt), other.Open(value));
        Assert.Equal(_time.GetUtcNow().AddHours(12), endsAt);
        Assert.DoesNotContain("key", other.Open(value)!.ToString(), StringComparison.Ordinal);

        _time.Advance(TimeSpan.FromHours(12) - TimeSpan.FromSeconds(1));
        Assert.NotNull(other.Open(value));
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Null(other.Open(value));
    }

    [Fact]
    public void Nothing_of_it_can_be_read_or_foreseen()
    {
        var seal = new SessionSeal(_secrets, 1, _time);
        var (first, _) = seal.Seal(Key);

        Assert.NotEqual(first, seal.Seal(Key).Value);
        Assert.All(first, c => Assert.True(char.IsAsciiLetterOrDigit(c) || c is '-' or '_'));
        var bytes = System.Buffers.Text.Base64Url.DecodeFromChars(first);
        Assert.Equal(-1, bytes.AsSpan().IndexOf("0123"u8));
    }

    [Fact]
    public void Every_changed_byte_is_seen()
    {
        var seal = new SessionSeal(_secrets, 1, _time);
        var bytes = System.Buffers.Text.Base64Url.DecodeFromChars(seal.Seal(Key).Value);
        for (var i = 0; i < bytes.Length; i++)
        {
            var changed = (byte[])bytes.Clone();
            changed[i] ^= 1;
            Assert.Null(seal.Open(System.Buffers.Text.Base64Url.EncodeToString(changed)));
        }

        for (var length = 0; length < bytes.Length; length++)
        {
            Assert.Null(seal.Open(System.Buffers.Text.Base64Url.EncodeToString(bytes.AsSpan(0, length))));
        }
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("AQ")]
    [InlineData("no base64!")]
    [InlineData("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    public void What_is_no_session_is_none(string? value) => Assert.Null(new SessionSeal(_secrets, 1, _time).Open(value));

    [Fact]
    public void Text_beyond_any_key_is_none() =>
        Assert.Null(new SessionSeal(_secrets, 1, _time).Open(new string('A', 100_000)));

    [Fact]
    public void Another_installation_and_one_whose_secret_is_gone_do_not_open_it()
    {
        var (value, _) = new SessionSeal(_secrets, 1, _time).Seal(Key);

        Assert.Null(new SessionSeal(
            new Dictionary<byte, byte[]> { [1] = RandomNumberGenerator.GetBytes(32) }, 1, _time).Open(value));
        Assert.Null(new SessionSeal(new Dictionary<byte, byte[]> { [2] = _secrets[2] }, 2, _time).Open(value));
        // The same secret under another number is another secret.
        Assert.Null(new SessionSeal(new Dictionary<byte, byte[]> { [1] = _secrets[2], [2] = _secrets[1] }, 1, _time).Open(value));
    }

    [Fact]
    public void The_longest_key_fits()
    {
        var key = new string('字', OperatorFiles.MaxKeyLength);
        var seal = new SessionSeal(_secrets, 1, _time);
        Assert.Equal(key, seal.Open(seal.Seal(key).Value)!.Text);
    }

    [Theory]
    [InlineData("1", null, true)]
    [InlineData("1", "same-origin", true)]
    [InlineData("1", "same-site", false)]
    [InlineData("1", "cross-site", false)]
    [InlineData("1", "none", false)]
    [InlineData("1", "", false)]
    [InlineData(null, "same-origin", false)]
    [InlineData(null, null, false)]
    [InlineData("", "same-origin", false)]
    [InlineData("true", "same-origin", false)]
    [InlineData("1,1", "same-origin", false)]
    public void It_counts_only_where_the_consoles_own_page_sends_it(string? header, string? site, bool counts)
    {
        var headers = new HeaderDictionary();
        if (header is not null)
        {
            headers["CardShop-Console"] = header.Split(',');
        }

        if (site is not null)
        {
            headers["Sec-Fetch-Site"] = site;
        }

        Assert.Equal(counts, AdminSession.Counts(headers));
    }
}
