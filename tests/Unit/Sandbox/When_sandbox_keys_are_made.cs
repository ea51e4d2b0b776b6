using CardShop.Sandbox.Keys;
using Xunit;

namespace CardShop.Tests.Unit.Sandbox;

public sealed class When_sandbox_keys_are_made : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("cardshop-keys-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Concurrent_starters_agree_on_one_key()
    {
        var keys = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(
            () => SandboxKeys.Ensure(_folder, "alipay-merchant").Fingerprint, TestContext.Current.CancellationToken)));

        Assert.Single(keys.Distinct());
        Assert.Equal(
            ["alipay-merchant.private.pem", "alipay-merchant.public.pem"],
            Directory.GetFiles(_folder).Select(Path.GetFileName).Order());
    }

    [Fact]
    public void The_private_key_is_for_its_owner_alone()
    {
        SandboxKeys.Ensure(_folder, "alipay-provider");

        Assert.True(OperatingSystem.IsWindows() || File.GetUnixFileMode(
            Path.Combine(_folder, "alipay-provider.private.pem")) == (UnixFileMode.UserRead | UnixFileMode.UserWrite));
    }

    [Fact]
    public void A_second_start_keeps_the_key_and_mends_the_public_file()
    {
        var first = SandboxKeys.Ensure(_folder, "alipay-provider");
        var publicFile = Path.Combine(_folder, "alipay-provider.public.pem");
        var publicText = File.ReadAllText(publicFile);
        File.WriteAllText(publicFile, "rubbish");

        Assert.Equal(first.Fingerprint, SandboxKeys.Ensure(_folder, "alipay-provider").Fingerprint);
        Assert.Equal(publicText, File.ReadAllText(publicFile));
    }
}
