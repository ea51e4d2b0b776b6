using System.Security.Cryptography;
using System.Text;
using CardShop.Shop.Operators;
using CardShop.Tests.Unit.Pipeline;
using Xunit;

namespace CardShop.Tests.Unit.Operators;

public sealed class When_operators_are_known : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("cardshop-operators").FullName;
    private readonly ManualTime _time = new();
    private readonly OperatorDirectory _directory;

    public When_operators_are_known() => _directory = new(_folder, _time);

    [Fact]
    public void Each_is_found_by_his_key_and_nobody_by_another()
    {
        OperatorFiles.TryAdd(_folder, "ann", OperatorRole.Admin, "key of ann");
        OperatorFiles.TryAdd(_folder, "bob", OperatorRole.Viewer, "key of bob");

        Assert.Equal(new Operator("ann", OperatorRole.Admin), _directory.Find("key of ann"));
        Assert.Equal(new Operator("bob", OperatorRole.Viewer), _directory.Find("key of bob"));
        Assert.Null(_directory.Find("key of carl"));
        Assert.Null(_directory.Find(""));
        Assert.Null(_directory.Find(null));
        Assert.Null(_directory.Find(new string('k', OperatorFiles.MaxKeyLength + 1)));
        Assert.Null(_directory.Find(Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes("key of ann")))));
    }

    [Fact]
    public void A_file_without_a_role_is_an_operator_whose_key_is_hashed_as_bytes()
    {
        var key = OperatorFiles.NewKey();
        var hash = Convert.ToHexStringLower(SHA256.HashData(Convert.FromHexString(key)));
        File.WriteAllText(OperatorFiles.PathOf(_folder, "old"), hash + "\n");

        Assert.Equal(new Operator("old", OperatorRole.Operator), _directory.Find(key));

        Assert.True(OperatorFiles.SetRole(_folder, "old", OperatorRole.Approver));
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(new Operator("old", OperatorRole.Approver), _directory.Find(key));
    }

    [Fact]
    public void Who_is_added_promoted_or_removed_is_so_a_second_later()
    {
        OperatorFiles.TryAdd(_folder, "ann", OperatorRole.Operator, "key of ann");
        Assert.NotNull(_directory.Find("key of ann"));

        OperatorFiles.TryAdd(_folder, "bob", OperatorRole.Operator, "key of bob");
        OperatorFiles.SetRole(_folder, "ann", OperatorRole.Admin);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal([("ann", OperatorRole.Admin), ("bob", OperatorRole.Operator)], _directory.All.Select(o => (o.Name, o.Role)));

        Assert.True(OperatorFiles.Remove(_folder, "ann"));
        Assert.False(OperatorFiles.Remove(_folder, "ann"));
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Null(_directory.Find("key of ann"));
        Assert.Null(_directory.Named("ann"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("0123")]
    [InlineData("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef king")]
    [InlineData("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdeg admin")]
    [InlineData("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef admin and more")]
    public void A_file_that_cannot_be_understood_is_nobody_and_is_named(string text)
    {
        File.WriteAllText(OperatorFiles.PathOf(_folder, "ann"), text);

        Assert.Empty(_directory.All);
        Assert.Contains("operator-ann.sha256", Assert.Single(_directory.Problems), StringComparison.Ordinal);
    }

    [Fact]
    public void More_than_a_shop_has_are_not_read()
    {
        for (var i = 0; i <= OperatorDirectory.Most; i++)
        {
            OperatorFiles.TryAdd(_folder, $"op-{i:D3}", OperatorRole.Viewer, $"key {i}");
        }

        Assert.Equal(OperatorDirectory.Most, _directory.All.Count);
        Assert.Single(_directory.Problems);
    }

    [Theory]
    [InlineData("unknown")]
    [InlineData("A")]
    [InlineData("a")]
    [InlineData("../a")]
    [InlineData("ann/x")]
    [InlineData("ann ")]
    public void Not_every_text_is_a_name(string name) => Assert.False(OperatorFiles.IsName(name));

    [Fact]
    public void The_folder_holds_no_key_and_the_file_is_its_owners()
    {
        OperatorFiles.TryAdd(_folder, "ann", OperatorRole.Admin, "key of ann");
        var path = OperatorFiles.PathOf(_folder, "ann");

        Assert.DoesNotContain("key of ann", File.ReadAllText(path), StringComparison.Ordinal);
        Assert.True(OperatingSystem.IsWindows()
            || File.GetUnixFileMode(path) == (UnixFileMode.UserRead | UnixFileMode.UserWrite));
        Assert.False(OperatorFiles.TryAdd(_folder, "ann", OperatorRole.Viewer, "another"));
        Assert.Equal(OperatorRole.Admin, _directory.Find("key of ann")?.Role);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
