using System.Security.Cryptography;

namespace CardShop.Shop.Operators;

/// <summary>
/// Who is an operator here. The files are read again a second after they were read last, so that who is added or removed
/// is so everywhere within that second, without a restart.
/// </summary>
public sealed class OperatorDirectory(string folder, TimeProvider time)
{
    /// <summary>More operators than a shop has; files beyond are not read.</summary>
    public const int Most = 200;

    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private Snapshot? _snapshot;

    /// <summary>The folder of the files.</summary>
    public string Folder => folder;

    /// <summary>All operators, by name.</summary>
    public IReadOnlyList<Operator> All => [.. Current().Operators.Select(o => o.Operator)];

    /// <summary>Files that say nothing that can be understood, or are too many; for people.</summary>
    public IReadOnlyList<string> Problems => Current().Problems;

    /// <summary>Whose key it is; null where it is nobody's. Takes the same time for every key of a length.</summary>
    /// <exception cref="IOException">The files cannot be read.</exception>
    public Operator? Find(string? key)
    {
        if (key is not { Length: > 0 and <= OperatorFiles.MaxKeyLength })
        {
            return null;
        }

        var hash = OperatorFiles.HashOf(key);
        var ofBytes = OperatorFiles.HashOfBytes(key) ?? hash;
        Operator? found = null;
        foreach (var (known, stored) in Current().Operators)
        {
            // Everybody is compared: the time says nothing about who it is.
            var matches = CryptographicOperations.FixedTimeEquals(stored.OfBytes ? ofBytes : hash, stored.Hash);
            found = matches ? known : found;
        }

        return found;
    }

    /// <summary>An operator by name; null where there is none.</summary>
    public Operator? Named(string name) => Current().Operators.FirstOrDefault(o => o.Operator.Name == name).Operator;

    private Snapshot Current()
    {
        lock (_lock)
        {
            if (_snapshot is null || time.GetElapsedTime(_snapshot.ReadAt) >= Fresh)
            {
                _snapshot = Read(time.GetTimestamp());
            }

            return _snapshot;
        }
    }

    private Snapshot Read(long now)
    {
        var operators = new List<(Operator, StoredOperator)>();
        var problems = new List<string>();
        var names = OperatorFiles.Names(folder);
        foreach (var name in names.Take(Most))
        {
            if (ReadFile(OperatorFiles.PathOf(folder, name)) is not { } text)
            {
                continue;
            }

            if (OperatorFiles.Parse(text) is { } stored)
            {
                operators.Add((new(name, stored.Role), stored));
            }
            else
            {
                problems.Add($"{OperatorFiles.PathOf(folder, name)} does not hold 64 hex digits and a role");
            }
        }

        if (names.Count > Most)
        {
            problems.Add($"{folder} has more than {Most} operators; those behind are not read");
        }

        return new(operators, problems, now);
    }

    /// <summary>Null where it was removed since the folder was listed.</summary>
    private static string? ReadFile(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (FileNotFoundException)
        {
            return null;
        }
    }

    private sealed record Snapshot(
        IReadOnlyList<(Operator Operator, StoredOperator Stored)> Operators, IReadOnlyList<string> Problems, long ReadAt);
}
