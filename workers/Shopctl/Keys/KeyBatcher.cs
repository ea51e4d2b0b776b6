using System.Collections;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using CardShop.Contracts;
using CardShop.Shop.Keys;

namespace CardShop.Shopctl.Keys;

/// <summary>Whose keys these are.</summary>
/// <param name="BatchSize">Keys per record.</param>
public sealed record ImportTarget(string Sku, string Region, int BatchSize, DateTimeOffset At);

/// <summary>A full batch, and the lines that its keys stood on.</summary>
public sealed record ImportBatch(KeysImported Message, IReadOnlyList<long> Lines);

/// <summary>
/// Seals keys and gathers them into batches. A batch's id derives from the first batch of the file, its place and its own
/// keys: the same file gives the same ids, whatever key seals it, and what an earlier run has loaded is recognised.
/// </summary>
/// <param name="remembered">
/// How many keys of the file are remembered to tell duplicates within it; of a larger file the rest is told apart in stock.
/// </param>
public sealed class KeyBatcher(KeyVault vault, ImportTarget target, int remembered = KeyBatcher.Remembered)
{
    /// <summary>Some 40 bytes each.</summary>
    public const int Remembered = 2_000_000;

    /// <summary>As JSON; Kafka takes 1,000,000 bytes with headers and all.</summary>
    private const int MaxBytes = 800_000;

    /// <summary>Id, names and quotation marks of one key in JSON.</summary>
    private const int KeyOverhead = 70;

    private readonly HashSet<Guid> _known = [];
    private List<SealedKey> _keys = [];
    private LineRuns _lines = new();
    private string? _import;
    private int _bytes;
    private int _batches;

    /// <summary>The id of the import: what its batches' ids begin with; null until there is a first batch.</summary>
    public string? Import => _import;

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

        var sealedKey = line.Unit is { } unit
            ? vault.SealUnit(target.Sku, key, unit)
            : vault.Seal(target.Sku, key);
        if (_known.Count < remembered ? !_known.Add(sealedKey.Id) : _known.Contains(sealedKey.Id))
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
        var content = ContentOf(_keys);
        _import ??= content[..16];
        var id = string.Create(CultureInfo.InvariantCulture, $"{_import}-{_batches:D6}-{content[16..28]}");
        var batch = new ImportBatch(new(id, target.Sku, target.Region, vault.Current, target.At, _keys), _lines);
        _keys = [];
        _lines = new();
        _bytes = 0;
        return batch;
    }

    private string ContentOf(List<SealedKey> keys)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes($"{target.Sku}\n{target.Region}\n"));
        Span<byte> id = stackalloc byte[16];
        foreach (var key in keys)
        {
            key.Id.TryWriteBytes(id, bigEndian: true, out _);
            hash.AppendData(id);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>Line numbers in ascending order, kept as runs: mostly one.</summary>
    private sealed class LineRuns : IReadOnlyList<long>
    {
        private readonly List<(long First, int Count)> _runs = [];

        public int Count { get; private set; }

        public long this[int index]
        {
            get
            {
                foreach (var (first, count) in _runs)
                {
                    if (index < count)
                    {
                        return first + index;
                    }

                    index -= count;
                }

                throw new ArgumentOutOfRangeException(nameof(index));
            }
        }

        public void Add(long line)
        {
            if (_runs.Count > 0 && _runs[^1] is var (first, count) && first + count == line)
            {
                _runs[^1] = (first, count + 1);
            }
            else
            {
                _runs.Add((line, 1));
            }

            Count++;
        }

        public IEnumerator<long> GetEnumerator()
        {
            foreach (var (first, count) in _runs)
            {
                for (var i = 0; i < count; i++)
                {
                    yield return first + i;
                }
            }
        }

        IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
    }
}
