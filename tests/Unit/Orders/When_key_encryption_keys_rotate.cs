using CardShop.Shop.Keys;
using CardShop.Shop.Orders;
using CardShop.Tests.Unit.Pipeline;
using Xunit;

namespace CardShop.Tests.Unit.Orders;

public sealed class When_key_encryption_keys_rotate : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("cardshop-kek").FullName;

    public When_key_encryption_keys_rotate() => ShopSecrets.Create(_folder);

    [Fact]
    public void A_process_that_runs_opens_what_the_next_one_sealed()
    {
        var running = new KeyVault(ShopSecrets.Open(_folder).Fingerprint, ShopSecrets.Open(_folder).KeyEncryption);

        Assert.Equal("kek-2", ShopSecrets.AddKeyEncryptionKey(_folder, stage: false));
        var later = ShopSecrets.Open(_folder);
        var key = new KeyVault(later.Fingerprint, later.KeyEncryption).Seal("S", new(null, "SECRET"));

        Assert.Equal(("kek-1", "kek-2"), (running.Current, later.CurrentKeyEncryptionKey));
        Assert.Equal("SECRET", running.Open(key.Id, "kek-2", key.Sealed).Secret);
    }

    [Fact]
    public void A_staged_one_seals_nothing_before_it_is_activated()
    {
        Assert.Equal("kek-2", ShopSecrets.AddKeyEncryptionKey(_folder, stage: true));
        Assert.Equal("kek-1", ShopSecrets.Open(_folder).CurrentKeyEncryptionKey);
        Assert.Contains("kek-2", ShopSecrets.Open(_folder).KeyEncryptionKeys.Keys);

        ShopSecrets.ActivateKeyEncryptionKey(_folder, "kek-2");

        Assert.Equal("kek-2", ShopSecrets.Open(_folder).CurrentKeyEncryptionKey);
        Assert.Equal("kek-3", ShopSecrets.AddKeyEncryptionKey(_folder, stage: false));
        Assert.Equal("kek-3", ShopSecrets.Open(_folder).CurrentKeyEncryptionKey);
    }

    [Fact]
    public void One_that_is_not_there_is_looked_for_once_a_second()
    {
        var time = new ManualTime();
        var reads = 0;
        var keys = new FolderKeyEncryptionKeys(
            _folder, _ => null, name => { reads++; return Convert.FromHexString(File.ReadAllText(Path.Combine(_folder, name)).Trim()); },
            time);
        Assert.Null(keys.Find("kek-2"));
        ShopSecrets.AddKeyEncryptionKey(_folder, stage: false);

        Assert.Null(keys.Find("kek-2"));
        time.Advance(TimeSpan.FromSeconds(2));
        Assert.NotNull(keys.Find("kek-2"));
        Assert.NotNull(keys.Find("kek-2"));
        Assert.Equal(2, reads);
        Assert.Null(keys.Find("../fingerprint"));
        Assert.Null(keys.Find("kek-02"));
    }

    [Fact]
    public void The_environment_gives_them_too()
    {
        var keys = new FolderKeyEncryptionKeys(
            _folder, name => name == "Secrets__Kek__7" ? new string('7', 64) : null, _ => new byte[32], new ManualTime());

        Assert.Equal("kek-7", keys.Current);
        Assert.Equal(0x77, keys.Find("kek-7")![0]);
        Assert.NotNull(keys.Find("kek-1"));
    }

    [Fact]
    public void A_resealed_key_has_the_same_id_and_text_and_a_changed_one_is_refused()
    {
        var both = new Dictionary<string, byte[]> { ["kek-1"] = new byte[32], ["kek-2"] = [1, .. new byte[31]] };
        var old = new KeyVault(new byte[32], both, "kek-1");
        var vault = new KeyVault(new byte[32], both, "kek-2");
        var key = old.Seal("S", new("4711", "SECRET"));

        var resealed = vault.Reseal(key.Id, "kek-1", key.Sealed);

        Assert.Equal(new PlainKey("4711", "SECRET"), vault.Open(key.Id, "kek-2", resealed));
        key.Sealed[20] ^= 1;
        Assert.ThrowsAny<System.Security.Cryptography.CryptographicException>(
            () => vault.Reseal(key.Id, "kek-1", key.Sealed));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
