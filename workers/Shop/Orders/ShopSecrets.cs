using System.Globalization;
using System.Security.Cryptography;
using CardShop.Shop.Keys;

namespace CardShop.Shop.Orders;

/// <summary>
/// The installation's secrets, as files of <c>Secrets__Directory</c>, 64 hex digits each:
/// <c>order-id</c> and <c>fingerprint</c> (never rotated), <c>token-N</c> and <c>kek-N</c> (the highest N is used, all are
/// kept; <c>kek-current</c> may name another), <c>contact-hash</c>, and a <c>contact-YYYY-MM</c> per month. No value ever
/// reaches a log or a message.
/// </summary>
public sealed class ShopSecrets
{
    private const int Bytes = 32;

    private readonly string _directory;
    private readonly Lock _lock = new();
    private readonly Dictionary<string, byte[]> _monthKeys = [];

    private ShopSecrets(string directory)
    {
        _directory = directory;
        OrderId = Read("order-id");
        Fingerprint = Read("fingerprint");
        ContactHash = Read("contact-hash");
        Tokens = Numbered("token-").ToDictionary(t => (byte)t.Number, t => t.Value);
        CurrentToken = Tokens.Keys.Max();
        var keys = new FolderKeyEncryptionKeys(directory, Environment.GetEnvironmentVariable, Read, TimeProvider.System);
        KeyEncryption = keys;
        KeyEncryptionKeys = keys.All;
    }

    public byte[] OrderId { get; }

    /// <summary>Makes key ids.</summary>
    public byte[] Fingerprint { get; }

    public byte[] ContactHash { get; }

    public IReadOnlyDictionary<byte, byte[]> Tokens { get; }

    public byte CurrentToken { get; }

    /// <summary>Key-encryption keys, those that come later too.</summary>
    public IKeyEncryptionKeys KeyEncryption { get; }

    /// <summary>Key-encryption keys that were there at the start.</summary>
    public IReadOnlyDictionary<string, byte[]> KeyEncryptionKeys { get; }

    public string CurrentKeyEncryptionKey => KeyEncryption.Current;

    /// <summary>Reads the secrets. Throws with the missing name and what to do.</summary>
    public static ShopSecrets Open(string directory) => new(directory);

    /// <summary>What every installation has from its beginning.</summary>
    public static IReadOnlyList<string> Names { get; } = ["order-id", "fingerprint", "contact-hash", "token-1", "kek-1"];

    /// <summary>Creates what is missing; returns the names created. Concurrent starters agree on one value.</summary>
    public static IReadOnlyList<string> Create(string directory)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(directory);
        }
        else
        {
            // A folder that is there keeps its mode: preflight says where others may look into it.
            Directory.CreateDirectory(directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }

        return [.. Names.Where(name => TryCreate(directory, name))];
    }

    /// <summary>
    /// Creates the next key-encryption key. With <paramref name="stage"/> the one before it goes on sealing until
    /// <see cref="ActivateKeyEncryptionKey"/>: time for the file to reach every process that opens keys.
    /// </summary>
    /// <returns>Its id.</returns>
    public static string AddKeyEncryptionKey(string directory, bool stage)
    {
        var current = Open(directory).CurrentKeyEncryptionKey;
        for (var number = FolderKeyEncryptionKeys.HighestOf(directory) + 1; number < 256; number++)
        {
            var id = string.Create(CultureInfo.InvariantCulture, $"kek-{number}");
            if (stage)
            {
                // Before the new one is there, so that nobody takes it for the current one.
                ActivateKeyEncryptionKey(directory, current);
            }

            if (TryCreate(directory, id))
            {
                if (!stage)
                {
                    ActivateKeyEncryptionKey(directory, id);
                }

                return id;
            }
        }

        throw new InvalidOperationException("All 255 key-encryption keys are taken.");
    }

    /// <summary>From now on this one seals, in every process that starts.</summary>
    public static void ActivateKeyEncryptionKey(string directory, string id)
    {
        var path = Path.Combine(directory, FolderKeyEncryptionKeys.CurrentName);
        var aside = path + "." + RandomNumberGenerator.GetHexString(8, lowercase: true);
        OnceFile.TryCreate(aside, id + "\n");
        File.Move(aside, path, overwrite: true);
    }

    /// <summary>
    /// Creates the month keys from this month on: where the folder is read-only to those who would make them, or every host
    /// has a folder of its own, they must be there before their month begins.
    /// </summary>
    /// <param name="months">How many after this month.</param>
    /// <returns>The names created.</returns>
    public static IReadOnlyList<string> AddMonthKeys(string directory, DateTimeOffset now, int months)
    {
        var first = new DateTimeOffset(now.UtcDateTime.Year, now.UtcDateTime.Month, 1, 0, 0, 0, TimeSpan.Zero);
        return [.. Enumerable.Range(0, months + 1).Select(m => MonthName(first.AddMonths(m))).Where(n => TryCreate(directory, n))];
    }

    /// <summary>
    /// The key of a month, under which that month's contacts are encrypted. The first to need a month's key creates it;
    /// deleting it erases the month's contacts.
    /// </summary>
    public byte[] MonthKey(DateTimeOffset at)
    {
        var name = MonthName(at);
        lock (_lock)
        {
            if (!_monthKeys.TryGetValue(name, out var key))
            {
                TryCreate(_directory, name);
                _monthKeys[name] = key = Read(name);
            }

            return key;
        }
    }

    /// <summary>
    /// The key of a month that has one, for reading. Looked for each time: what was deleted is gone at once.
    /// </summary>
    /// <param name="month"><c>YYYY-MM</c>.</param>
    public byte[]? FindMonthKey(string month)
    {
        var isMonth = DateOnly.TryParseExact(month, "yyyy-MM", CultureInfo.InvariantCulture, DateTimeStyles.None, out _);
        return isMonth && File.Exists(Path.Combine(_directory, "contact-" + month)) ? Read("contact-" + month) : null;
    }

    private static string MonthName(DateTimeOffset at) =>
        "contact-" + at.UtcDateTime.ToString("yyyy-MM", CultureInfo.InvariantCulture);

    private static bool TryCreate(string directory, string name) => OnceFile.TryCreate(
        Path.Combine(directory, name), RandomNumberGenerator.GetHexString(Bytes * 2, lowercase: true) + "\n");

    private byte[] Read(string name)
    {
        var path = Path.Combine(_directory, name);
        try
        {
            var value = Convert.FromHexString(File.ReadAllText(path).Trim());
            return value.Length == Bytes
                ? value
                : throw new InvalidOperationException($"Secret {name} must have {Bytes * 2} hex digits.");
        }
        catch (FormatException)
        {
            throw new InvalidOperationException($"Secret {name} must have {Bytes * 2} hex digits.");
        }
        catch (IOException e)
        {
            throw new InvalidOperationException(
                $"Secret {name} cannot be read from {_directory} (setting Secrets__Directory). " +
                "Restore it from its backup; for a new installation run 'shopctl secrets init'.", e);
        }
    }

    private List<(int Number, byte[] Value)> Numbered(string prefix)
    {
        var found = Directory.Exists(_directory)
            ? Directory.GetFiles(_directory, prefix + "*").Select(Path.GetFileName)
                .Where(n => int.TryParse(n.AsSpan(prefix.Length), CultureInfo.InvariantCulture, out var number)
                    && number is > 0 and < 256)
                .Select(n => (int.Parse(n.AsSpan(prefix.Length), CultureInfo.InvariantCulture), Read(n!))).ToList()
            : [];
        return found.Count > 0 ? found : [(1, Read(prefix + "1"))];
    }
}
