using System.Globalization;
using System.Security.Cryptography;
using CardShop.Shop.Keys;
using Npgsql;

namespace CardShop.Shopctl.Audit;

/// <summary>
/// Invariant 9, as far as it can be decided: sealed keys open with the installation's secrets and have the id that their
/// text gives. Ids are random, so keys from a random id on are a fair sample.
/// </summary>
internal static class KeySample
{
    private const int Size = 1_000;

    public static async Task CheckAsync(
        NpgsqlDataSource database, KeyVault vault, InvariantCheck check, CancellationToken cancellation)
    {
        Guid start = new(RandomNumberGenerator.GetBytes(16));
        if (await CheckFromAsync(start, Size) is > 0 and var missing)
        {
            await CheckFromAsync(Guid.Empty, missing);
        }

        async Task<int> CheckFromAsync(Guid from, int count)
        {
            await using var command = database.CreateCommand(
                "SELECT id, sku, kek, sealed FROM shop.card_keys WHERE id >= $1 ORDER BY id LIMIT $2");
            command.Parameters.Add(new() { Value = from });
            command.Parameters.Add(new() { Value = count });
            await using var reader = await command.ExecuteReaderAsync(cancellation);
            while (await reader.ReadAsync(cancellation))
            {
                count--;
                check.Saw();
                Check(
                    reader.GetGuid(0), reader.GetString(1), reader.GetString(2),
                    await reader.GetFieldValueAsync<byte[]>(3, cancellation));
            }

            return count;
        }

        void Check(Guid id, string sku, string kek, byte[] sealedKey)
        {
            try
            {
                if (!vault.IsIdOf(id, sku, vault.Open(id, kek, sealedKey)))
                {
                    check.Violate(string.Create(CultureInfo.InvariantCulture, $"key {id}: its text has another id"));
                }
            }
            catch (Exception e) when (e is CryptographicException or OverflowException or ArgumentException)
            {
                check.Violate(string.Create(
                    CultureInfo.InvariantCulture, $"key {id}: cannot be opened with {kek} of this installation"));
            }
        }
    }
}
