using System.Collections.Concurrent;
using System.Globalization;

namespace CardShop.Shop.Keys;

/// <summary>
/// Key-encryption keys <c>kek-N</c> as files of the secrets' folder, or as environment variables <c>Secrets__Kek__N</c>.
/// The file <c>kek-current</c> names the one that seals; without it the highest N does. A file that comes later is found
/// when it is first asked for: no restart.
/// </summary>
public sealed class FolderKeyEncryptionKeys : IKeyEncryptionKeys
{
    /// <summary>The file that names the current one.</summary>
    public const string CurrentName = "kek-current";

    private const string Prefix = "kek-";
    private const int MaxNumber = 255;

    /// <summary>How long an id that is not there is not looked for again.</summary>
    private static readonly TimeSpan LookAgain = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<string, byte[]> _found = new();
    private readonly ConcurrentDictionary<string, long> _absent = new();
    private readonly string _directory;
    private readonly Func<string, string?> _variable;
    private readonly Func<string, byte[]> _read;
    private readonly TimeProvider _time;

    /// <param name="variable">Reads an environment variable.</param>
    /// <param name="read">Reads the secret of a file name; throws with its name, never with its value.</param>
    public FolderKeyEncryptionKeys(
        string directory, Func<string, string?> variable, Func<string, byte[]> read, TimeProvider time)
    {
        _directory = directory;
        _variable = variable;
        _read = read;
        _time = time;
        foreach (var id in Ids())
        {
            _found[id] = Load(id)!;
        }

        Current = CurrentOf(directory) ?? Highest() ?? throw Missing(Prefix + "1");
        if (!_found.ContainsKey(Current))
        {
            throw Missing(Current);
        }
    }

    public string Current { get; }

    /// <summary>All that were there at the start.</summary>
    public IReadOnlyDictionary<string, byte[]> All => _found;

    /// <summary>What <c>kek-current</c> says; null where it is not there.</summary>
    public static string? CurrentOf(string directory)
    {
        var path = Path.Combine(directory, CurrentName);
        return File.Exists(path) ? File.ReadAllText(path).Trim() : null;
    }

    /// <summary>The highest N of the folder's files; 0 where there is none.</summary>
    public static int HighestOf(string directory) => Directory.Exists(directory)
        ? Directory.GetFiles(directory, Prefix + "*").Select(f => NumberOf(Path.GetFileName(f))).Append(0).Max()
        : 0;

    public byte[]? Find(string id)
    {
        if (_found.TryGetValue(id, out var key))
        {
            return key;
        }

        if (NumberOf(id) == 0
            || (_absent.TryGetValue(id, out var looked) && _time.GetElapsedTime(looked) < LookAgain))
        {
            return null;
        }

        if (Load(id) is { } late)
        {
            return _found[id] = late;
        }

        _absent[id] = _time.GetTimestamp();
        return null;
    }

    private static InvalidOperationException Missing(string id) => new(
        $"Secret {id} is not there. Restore it from its backup; for a new installation run 'shopctl secrets init'.");

    private static int NumberOf(string id) =>
        id.StartsWith(Prefix, StringComparison.Ordinal)
        && int.TryParse(id.AsSpan(Prefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
        && number is > 0 and <= MaxNumber && id == Name(number)
            ? number
            : 0;

    private static string Name(int number) => string.Create(CultureInfo.InvariantCulture, $"{Prefix}{number}");

    private IEnumerable<string> Ids() =>
        (Directory.Exists(_directory) ? Directory.GetFiles(_directory, Prefix + "*") : [])
            .Select(f => NumberOf(Path.GetFileName(f)))
            .Concat(Enumerable.Range(1, MaxNumber).Where(n => _variable(Variable(n)) is { Length: > 0 }))
            .Where(n => n > 0).Distinct().Select(Name);

    private string? Highest() => _found.IsEmpty ? null : Name(_found.Keys.Max(NumberOf));

    private byte[]? Load(string id) =>
        _variable(Variable(NumberOf(id))) is { Length: > 0 } text ? Parse(id, text)
        : File.Exists(Path.Combine(_directory, id)) ? _read(id)
        : null;

    private static byte[] Parse(string id, string text)
    {
        try
        {
            return Convert.FromHexString(text.Trim()) is { Length: 32 } key ? key : throw new FormatException();
        }
        catch (FormatException)
        {
            throw new InvalidOperationException($"Secret {id} (variable {Variable(NumberOf(id))}) must have 64 hex digits.");
        }
    }

    private static string Variable(int number) =>
        string.Create(CultureInfo.InvariantCulture, $"Secrets__Kek__{number}");
}
