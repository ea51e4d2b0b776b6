using System.Text;

namespace CardShop.Contracts;

/// <summary>
/// Our own stable partition function: FNV-1a over the key's UTF-8 bytes with the avalanche of MurmurHash3.
/// No client library's default decides where an order lives.
/// </summary>
public static class Partitioning
{
    public static int PartitionOf(string key, int partitions)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(partitions, 1);
        Span<byte> bytes = stackalloc byte[256];
        bytes = Encoding.UTF8.TryGetBytes(key, bytes, out var written)
            ? bytes[..written]
            : Encoding.UTF8.GetBytes(key);
        var hash = 2166136261u;
        foreach (var b in bytes)
        {
            hash = (hash ^ b) * 16777619u;
        }

        hash ^= hash >> 16;
        hash *= 0x85ebca6bu;
        hash ^= hash >> 13;
        hash *= 0xc2b2ae35u;
        hash ^= hash >> 16;
        return (int)(hash % (uint)partitions);
    }
}
