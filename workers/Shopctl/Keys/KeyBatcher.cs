using CardShop.Contracts;
using CardShop.Shop.Keys;

namespace CardShop.Shopctl.Keys;

/// <summary>Whose keys these are, and how this import is told from others.</summary>
/// <param name="Id">Unique per import: batch ids start with it.</param>
/// <param name="BatchSize">Keys per record.</param>
public sealed record ImportTarget(string Id, string Sku, string Region, int BatchSize, DateTimeOffset At);

/// <summary>A full batch, and the lines that its keys stood on.</summary>
public sealed record ImportBatch(KeysImported Message, IReadOnlyList<long> Lines);

/// <summary>
/// Seals keys and gathers them into batches. Remembers the fingerprint of each key of the file, and nothing else of it.
/// </summary>
public sealed class KeyBatcher(KeyVault vault, ImportTarget target)
{
    /// <summary>As JSON; Kafka takes 1,000,000 bytes with headers and all.</summary>
    private const int MaxBytes = 800_000;

    /// <summary>Id, names and quotation marks of one key in JSON.</summary>
    private const int KeyOverhead = 70;

    private readonly HashSet<Guid> _known = [];
    private List<SealedKey> _keys = [];
    private List<long> _lines = [];
    private int _bytes;
    private int _batches;

    /// <summary>Takes a line in.</summary>
    /// <returns>A batch when this line's key no longer fits it, or fills it.</returns>
    public ImportBatch? Add(KeyLine line, ImportReport report)
    {
        report.Read++;
        if (line.Key is not { } key)
        {
            report.Refused.Add(line.Line, line.Refusal!);
            return null;
        }

        var sealedKey = vault.Seal(target.Sku, key);
        if (!_known.Add(sealedKey.Id))
        {
            report.DuplicatesInFile.Add(line.Line, "stands further up in the file");
            return null;
        }

        var size = KeyOverhead + ((sealedKey.Sealed.Length + 2) / 3 * 4);
        var full = _bytes + size > MaxBytes ? Take() : null;
        _keys.Add(sealedKey);
        _lines.Add(line.Line);
        _bytes += size;
        return full ?? (_keys.Count >= target.BatchSize ? Take() : null);
    }

    /// <summary>What is left at the end of the file; null where nothing is.</summary>
    public ImportBatch? Take()
    {
        if (_keys.Count == 0)
        {
            return null;
        }

        _batches++;
        var batch = new ImportBatch(
            new($"{target.Id}-{_batches:D6}", target.Sku, target.Region, vault.Current, target.At, _keys), _lines);
        _keys = [];
        _lines = [];
        _bytes = 0;
        return batch;
    }
}
