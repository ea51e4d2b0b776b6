using System.Buffers.Binary;
using System.Security.Cryptography;
using CardShop.Shop.Keys;
using CardShop.Shopctl.Settings;
using Npgsql;

namespace CardShop.Shopctl.Keys;

/// <summary>How fast a rotation goes.</summary>
/// <param name="BatchSize">Keys per transaction.</param>
/// <param name="KeysPerSecond">At most so many are sealed anew.</param>
public sealed record RotationPace(int BatchSize, int KeysPerSecond);

/// <summary>How far a rotation is.</summary>
/// <param name="Pass">From 1; the last one finds nothing to do.</param>
/// <param name="Part">Of this pass, 0 to 1: ids are evenly spread, so the place says it.</param>
/// <param name="Resealed">Keys sealed anew by this run.</param>
public readonly record struct RotationState(int Pass, double Part, long Resealed);

/// <summary>
/// Seals every key anew under the current key-encryption key while the shop sells. A batch is read without locks, sealed
/// here, and written where its rows are still as they were read; rows that others hold are passed over and met by the next
/// pass, so it waits for nobody and nobody waits for it. It goes from the highest id down: deliveries pick from the lowest.
/// Its place is saved with every batch; whatever interrupts it, the next run goes on from there.
/// </summary>
public sealed class KeyRotator(NpgsqlDataSource database, KeyVault vault, RotationPace pace, TimeProvider time)
{
    private const int MaxPasses = 20;

    /// <summary>No key has it: an id is half of an HMAC.</summary>
    private static readonly Guid Above = Guid.AllBitsSet;

    private long _resealed;

    /// <summary>Runs until a whole pass has found every key under the current key-encryption key.</summary>
    /// <exception cref="ShopctlException">A key cannot be opened, or others keep sealing with an older one.</exception>
    public async Task<long> RunAsync(Action<RotationState> report, CancellationToken cancellation)
    {
        var from = await PlaceAsync(cancellation);
        for (var pass = 1; pass <= MaxPasses; pass++)
        {
            var older = await PassAsync(pass, from, report, cancellation);
            if (older == 0 && from == Above)
            {
                await FinishAsync(cancellation);
                return _resealed;
            }

            from = Above;
        }

        throw new ShopctlException(
            ExitCodes.Failed,
            $"After {MaxPasses} passes there were still keys under another key-encryption key than {vault.Current}: " +
            "something seals with an older one. Activate the new one everywhere, then run this again.");
    }

    /// <returns>How many keys were found under another key-encryption key.</returns>
    private async Task<long> PassAsync(
        int pass, Guid from, Action<RotationState> report, CancellationToken cancellation)
    {
        var found = 0L;
        var below = from;
        while (true)
        {
            var started = time.GetTimestamp();
            var (page, last) = await ReadAsync(below, cancellation);
            if (last is not { } next)
            {
                return found;
            }

            below = next;
            found += page.Count;
            if (page.Count > 0)
            {
                _resealed += await WriteAsync(page, below, cancellation);
            }

            report(new(pass, 1 - PartOf(below), _resealed));
            var wait = TimeSpan.FromSeconds((double)page.Count / pace.KeysPerSecond) - time.GetElapsedTime(started);
            if (wait > TimeSpan.Zero)
            {
                await Task.Delay(wait, time, cancellation);
            }
        }
    }

    private async Task<(List<(Guid Id, string Kek, byte[] Sealed)> Older, Guid? Last)> ReadAsync(
        Guid below, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            """
            SELECT id, kek, CASE WHEN kek <> $2 THEN sealed END FROM shop.card_keys
            WHERE id < $1 ORDER BY id DESC LIMIT $3
            """);
        command.Parameters.Add(new() { Value = below });
        command.Parameters.Add(new() { Value = vault.Current });
        command.Parameters.Add(new() { Value = (long)pace.BatchSize });
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var older = new List<(Guid Id, string Kek, byte[] Sealed)>();
        Guid? last = null;
        while (await reader.ReadAsync(cancellation))
        {
            last = reader.GetGuid(0);
            if (!await reader.IsDBNullAsync(2, cancellation))
            {
                older.Add((
                    last.Value, reader.GetString(1), await reader.GetFieldValueAsync<byte[]>(2, cancellation)));
            }
        }

        return (older, last);
    }

    private async Task<long> WriteAsync(
        List<(Guid Id, string Kek, byte[] Sealed)> page, Guid place, CancellationToken cancellation)
    {
        var resealed = page.Select(Reseal).ToArray();
        await using var command = database.CreateCommand(
            """
            WITH place AS (
                INSERT INTO shop.key_rotation (kek, below) VALUES ($4, $5)
                ON CONFLICT (kek) DO UPDATE SET below = excluded.below, done_at = NULL),
            free AS MATERIALIZED (
                SELECT k.id, t.sealed FROM unnest($1, $2, $3) AS t(id, kek, sealed)
                JOIN shop.card_keys k ON k.id = t.id AND k.kek = t.kek
                FOR NO KEY UPDATE OF k SKIP LOCKED)
            UPDATE shop.card_keys k SET kek = $4, sealed = f.sealed FROM free f WHERE k.id = f.id
            """);
        command.Parameters.Add(new() { Value = page.Select(k => k.Id).ToArray() });
        command.Parameters.Add(new() { Value = page.Select(k => k.Kek).ToArray() });
        command.Parameters.Add(new() { Value = resealed });
        command.Parameters.Add(new() { Value = vault.Current });
        command.Parameters.Add(new() { Value = place });
        return await command.ExecuteNonQueryAsync(cancellation);
    }

    private byte[] Reseal((Guid Id, string Kek, byte[] Sealed) key)
    {
        try
        {
            return vault.Reseal(key.Id, key.Kek, key.Sealed);
        }
        catch (CryptographicException e)
        {
            throw new ShopctlException(
                ExitCodes.Failed,
                $"Key {key.Id} cannot be opened with {key.Kek}: {e.Message} Restore that secret, then run this again.", e);
        }
    }

    private async Task<Guid> PlaceAsync(CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            "SELECT below FROM shop.key_rotation WHERE kek = $1 AND done_at IS NULL");
        command.Parameters.Add(new() { Value = vault.Current });
        return await command.ExecuteScalarAsync(cancellation) is Guid place ? place : Above;
    }

    private async Task FinishAsync(CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            """
            INSERT INTO shop.key_rotation (kek, done_at) VALUES ($1, $2)
            ON CONFLICT (kek) DO UPDATE SET below = NULL, done_at = excluded.done_at
            """);
        command.Parameters.Add(new() { Value = vault.Current });
        command.Parameters.Add(new() { Value = time.GetUtcNow() });
        await command.ExecuteNonQueryAsync(cancellation);
    }

    private static double PartOf(Guid id)
    {
        Span<byte> bytes = stackalloc byte[16];
        id.TryWriteBytes(bytes, bigEndian: true, out _);
        return BinaryPrimitives.ReadUInt32BigEndian(bytes) / (double)uint.MaxValue;
    }
}
