using System.Security.Cryptography;

namespace CardShop.LogBroker.Storage;

/// <summary>The last offset of every key seen, by a 128-bit hash of the key, for a bounded number of keys.</summary>
internal sealed class CompactionMap(int capacity)
{
    private readonly Dictionary<UInt128, long> _offsets = [];

    public bool Full => _offsets.Count >= capacity;

    /// <summary>Notes a record; false when it would be one key too many.</summary>
    public bool TryAdd(ReadOnlySpan<byte> key, long offset)
    {
        var hash = Hash(key);
        if (Full && !_offsets.ContainsKey(hash))
        {
            return false;
        }

        _offsets[hash] = offset;
        return true;
    }

    /// <summary>Is there a later record of this key?</summary>
    public bool Supersedes(ReadOnlySpan<byte> key, long offset) =>
        _offsets.TryGetValue(Hash(key), out var last) && last > offset;

    private static UInt128 Hash(ReadOnlySpan<byte> key)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(key, hash);
        return System.Buffers.Binary.BinaryPrimitives.ReadUInt128LittleEndian(hash);
    }
}
