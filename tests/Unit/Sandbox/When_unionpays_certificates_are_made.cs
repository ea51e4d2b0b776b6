using CardShop.Sandbox;
using Xunit;

namespace CardShop.Tests.Unit.Sandbox;

public sealed class When_unionpays_certificates_are_made : IDisposable
{
    private const string Provider = "unionpay-provider.private.pem";
    private readonly string _folder = Directory.CreateTempSubdirectory("cardshop-chain-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Concurrent_starters_agree_on_one_chain()
    {
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(Start, TestContext.Current.CancellationToken)));

        var bundle = await File.ReadAllTextAsync(Path.Combine(_folder, Provider), TestContext.Current.CancellationToken);
        foreach (var name in (string[])["unionpay-root.pem", "unionpay-middle.pem"])
        {
            Assert.Contains(
                (await File.ReadAllTextAsync(Path.Combine(_folder, name), TestContext.Current.CancellationToken)).Trim(),
                bundle, StringComparison.Ordinal);
        }

        Assert.Empty(Directory.GetFiles(_folder, "*.tmp"));
    }

    [Fact]
    public void A_second_start_keeps_the_chain_and_mends_the_shops_files()
    {
        Start();
        var bundle = File.ReadAllText(Path.Combine(_folder, Provider));
        var root = File.ReadAllText(Path.Combine(_folder, "unionpay-root.pem"));
        File.WriteAllText(Path.Combine(_folder, "unionpay-root.pem"), "rubbish");

        Start();

        Assert.Equal(bundle, File.ReadAllText(Path.Combine(_folder, Provider)));
        Assert.Equal(root, File.ReadAllText(Path.Combine(_folder, "unionpay-root.pem")));
        Assert.True(OperatingSystem.IsWindows() || File.GetUnixFileMode(Path.Combine(_folder, Provider))
            == (UnixFileMode.UserRead | UnixFileMode.UserWrite));
    }

    [Fact]
    public void A_chain_of_another_name_is_not_used()
    {
        Start();

        var failure = Assert.Throws<InvalidOperationException>(() => Start("--Sandbox:UnionPay:CertificateName=Other"));

        Assert.Contains("delete it", failure.Message, StringComparison.Ordinal);
    }

    private void Start() => Start([]);

    private void Start(params string[] settings) => SandboxApp.Build(
        ["--urls", "http://127.0.0.1:0", "--Sandbox:KeysDirectory", _folder, .. settings]);
}
