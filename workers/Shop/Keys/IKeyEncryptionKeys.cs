namespace CardShop.Shop.Keys;

/// <summary>
/// Where key-encryption keys come from. <see cref="FolderKeyEncryptionKeys"/> reads the installation's secrets. A key
/// management service plugs in as another implementation: the service keeps a wrapping key, the folder holds each
/// key-encryption key wrapped by it, and <see cref="Find"/> has the service unwrap an id once and keeps it in memory.
/// No other code changes: whoever seals or opens keys asks a <see cref="KeyVault"/>, and the vault asks this.
/// </summary>
public interface IKeyEncryptionKeys
{
    /// <summary>The id of the key that seals now.</summary>
    string Current { get; }

    /// <summary>
    /// The 32 bytes of a key-encryption key; null where there is none of that id. Called for every key that is opened, by
    /// many threads: an implementation remembers what it found, and bounds how often and how long it asks elsewhere.
    /// </summary>
    byte[]? Find(string id);
}

/// <summary>Key-encryption keys that are given whole.</summary>
public sealed class FixedKeyEncryptionKeys(IReadOnlyDictionary<string, byte[]> keys, string current) : IKeyEncryptionKeys
{
    public string Current => current;

    public byte[]? Find(string id) => keys.GetValueOrDefault(id);
}
