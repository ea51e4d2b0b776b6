using CardShop.Shopctl.Secrets;
using CardShop.Shopctl.Settings;
using Xunit;

namespace CardShop.Tests.Unit.Shopctl;

public sealed class When_two_operators_are_needed : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("cardshop-operators").FullName;

    [Fact]
    public void Two_key_files_of_two_people_are_two()
    {
        OperatorKeys.Create(_folder, "alice", File_("a"));
        OperatorKeys.Create(_folder, "bob", File_("b"));

        Assert.Equal(("alice", "bob"), OperatorKeys.VerifyTwo(_folder, File_("a"), File_("b")));
    }

    [Fact]
    public void One_persons_file_twice_is_one_also_as_a_copy()
    {
        OperatorKeys.Create(_folder, "alice", File_("a"));
        File.Copy(File_("a"), File_("copy"));

        Assert.Throws<ShopctlException>(() => OperatorKeys.VerifyTwo(_folder, File_("a"), File_("a")));
        Assert.Throws<ShopctlException>(() => OperatorKeys.VerifyTwo(_folder, File_("a"), File_("copy")));
    }

    [Theory]
    [InlineData("mallory")]
    [InlineData("mallory 00")]
    [InlineData("../alice 0000000000000000000000000000000000000000000000000000000000000000")]
    [InlineData("alice 0000000000000000000000000000000000000000000000000000000000000000")]
    [InlineData("bob 0000000000000000000000000000000000000000000000000000000000000000")]
    public void A_file_that_was_not_made_here_is_nobodys(string text)
    {
        OperatorKeys.Create(_folder, "alice", File_("a"));
        File.WriteAllText(File_("wrong"), text);

        var failure = Assert.Throws<ShopctlException>(() => OperatorKeys.Verify(_folder, File_("wrong")));
        Assert.Equal(ExitCodes.Failed, failure.ExitCode);
    }

    [Fact]
    public void The_installation_keeps_no_key_and_the_file_is_its_owners()
    {
        OperatorKeys.Create(_folder, "alice", File_("a"));

        var key = File.ReadAllText(File_("a")).Trim().Split(' ')[1];
        Assert.DoesNotContain(key, File.ReadAllText(Path.Combine(_folder, "operator-alice.sha256")), StringComparison.Ordinal);
        Assert.True(OperatingSystem.IsWindows()
            || File.GetUnixFileMode(File_("a")) == (UnixFileMode.UserRead | UnixFileMode.UserWrite));
        Assert.Throws<ShopctlException>(() => OperatorKeys.Create(_folder, "alice", File_("again")));
        Assert.False(File.Exists(File_("again")));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string File_(string name) => Path.Combine(_folder, name + ".key");
}
