using System.Collections.Concurrent;
using CardShop.Shop.Orders;
using Xunit;

namespace CardShop.Tests.Unit.Orders;

public sealed class When_secrets_are_created : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("cardshop-secrets").FullName;

    [Fact]
    public async Task Starters_of_one_moment_agree_on_every_value()
    {
        for (var round = 0; round < 20; round++)
        {
            var folder = Path.Combine(_folder, $"r{round}");
            using var together = new Barrier(8);
            var opened = new ConcurrentBag<ShopSecrets>();
            var created = new ConcurrentBag<string>();
            await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Factory.StartNew(
                () =>
                {
                    together.SignalAndWait(TestContext.Current.CancellationToken);
                    foreach (var name in ShopSecrets.Create(folder))
                    {
                        created.Add(name);
                    }

                    opened.Add(ShopSecrets.Open(folder));
                },
                TestContext.Current.CancellationToken, TaskCreationOptions.LongRunning, TaskScheduler.Default)));
            Assert.Single(opened.Select(s => Convert.ToHexString(s.OrderId)).Distinct());
            Assert.Single(opened.Select(s => Convert.ToHexString(s.Fingerprint)).Distinct());
            Assert.Single(opened.Select(s => Convert.ToHexString(s.Tokens[s.CurrentToken])).Distinct());
            Assert.Equal(created.Count, created.Distinct().Count());
            Assert.Equal(5, Directory.GetFiles(folder).Length);
        }
    }

    [Fact]
    public async Task Starters_of_one_moment_agree_on_a_months_key()
    {
        ShopSecrets.Create(_folder);
        var at = new DateTimeOffset(2026, 2, 28, 23, 59, 59, TimeSpan.FromHours(-8));
        var keys = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => Task.Run(
            () => Convert.ToHexString(ShopSecrets.Open(_folder).MonthKey(at)), TestContext.Current.CancellationToken)));
        Assert.Single(keys.Distinct());
        Assert.True(File.Exists(Path.Combine(_folder, "contact-2026-03")));
    }

    [Fact]
    public void What_is_there_is_kept_and_nobody_else_can_read_it()
    {
        ShopSecrets.Create(_folder);
        var before = ShopSecrets.Open(_folder);
        Assert.Empty(ShopSecrets.Create(_folder));
        Assert.Equal(before.OrderId, ShopSecrets.Open(_folder).OrderId);
        Assert.All(Directory.GetFiles(_folder), f => Assert.True(
            OperatingSystem.IsWindows()
            || File.GetUnixFileMode(f) == (UnixFileMode.UserRead | UnixFileMode.UserWrite)));
    }

    [Fact]
    public void The_highest_number_is_used_and_all_are_kept()
    {
        ShopSecrets.Create(_folder);
        File.WriteAllText(Path.Combine(_folder, "token-2"), new string('2', 64));
        File.WriteAllText(Path.Combine(_folder, "token-10"), new string('a', 64) + "\n");
        File.WriteAllText(Path.Combine(_folder, "token-10.orig"), "half a fi");
        File.WriteAllText(Path.Combine(_folder, "kek-3"), new string('3', 64));
        var secrets = ShopSecrets.Open(_folder);
        Assert.Equal((10, "kek-3"), (secrets.CurrentToken, secrets.CurrentKeyEncryptionKey));
        Assert.Equal("1 2 10", string.Join(' ', secrets.Tokens.Keys.Order()));
        Assert.Equal(["kek-1", "kek-3"], secrets.KeyEncryptionKeys.Keys.Order());
    }

    [Theory]
    [InlineData("order-id", null)]
    [InlineData("fingerprint", "00ff")]
    [InlineData("token-1", "this is not hexadecimal, and long enough to be a secret of a shop")]
    public void A_missing_or_broken_one_is_named_without_its_value(string name, string? text)
    {
        ShopSecrets.Create(_folder);
        File.Delete(Path.Combine(_folder, name));
        if (text is not null)
        {
            File.WriteAllText(Path.Combine(_folder, name), text);
        }

        var failure = Assert.Throws<InvalidOperationException>(() => ShopSecrets.Open(_folder));
        Assert.Contains(name, failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(text ?? "no text", failure.ToString(), StringComparison.Ordinal);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
