using System.Buffers;
using System.Text;

namespace CardShop.Tests.Integration.Shop.Secrecy;

/// <summary>
/// Looks for known secrets in bytes: as they are, as hex digits, and inside Base64 of anything around them. Its findings
/// name the secret and the place, and never show the secret. Any thread.
/// </summary>
public sealed class SecretSearch
{
    private const int Chunk = 1 << 22;

    // Longer than any pattern: what lies across two chunks is seen whole in the second.
    private const int Overlap = 256;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, string> _patterns = [];
    private readonly SortedSet<string> _found = [];
    private SearchValues<string>? _any;

    /// <summary>What was found so far, as "NAME in PLACE".</summary>
    public IReadOnlyList<string> Found
    {
        get
        {
            lock (_lock)
            {
                return [.. _found];
            }
        }
    }

    public void Add(string name, string secret) => Add(name, Encoding.UTF8.GetBytes(secret));

    public void Add(string name, ReadOnlySpan<byte> secret)
    {
        if (secret.Length < 8)
        {
            throw new ArgumentException($"{name} is too short to be told from anything else", nameof(secret));
        }

        // Half of it would be bad enough, and a long one may be broken into lines.
        var part = secret.Length > 48 ? secret[^40..^8] : secret;
        lock (_lock)
        {
            _any = null;
            _patterns.TryAdd(Encoding.Latin1.GetString(part), name);
            _patterns.TryAdd(Convert.ToHexStringLower(part), name);
            _patterns.TryAdd(Convert.ToHexString(part), name);
            for (var before = 0; before < 3; before++)
            {
                _patterns.TryAdd(InsideBase64(part, before), name);
            }
        }
    }

    /// <param name="isAllowed">Names that may stand in this place.</param>
    public void Look(string place, ReadOnlySpan<byte> bytes, Func<string, bool>? isAllowed = null)
    {
        lock (_lock)
        {
            if (_patterns.Count == 0)
            {
                return;
            }

            _any ??= SearchValues.Create([.. _patterns.Keys], StringComparison.Ordinal);
            var text = Encoding.Latin1.GetString(bytes);
            if (!text.AsSpan().ContainsAny(_any))
            {
                return;
            }

            foreach (var (pattern, name) in _patterns)
            {
                if (isAllowed?.Invoke(name) != true && text.Contains(pattern, StringComparison.Ordinal))
                {
                    _found.Add($"{name} in {place}");
                }
            }
        }
    }

    /// <summary>The same in a file, which may still be written to, or be gone meanwhile.</summary>
    public void LookInto(string place, string file, Func<string, bool>? isAllowed = null)
    {
        try
        {
            using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            var buffer = new byte[(int)Math.Min(stream.Length, Chunk) + Overlap];
            var kept = 0;
            for (var read = stream.Read(buffer, kept, buffer.Length - kept); read > 0; read = stream.Read(buffer, kept, buffer.Length - kept))
            {
                var held = kept + read;
                Look(place, buffer.AsSpan(0, held), isAllowed);
                kept = Math.Min(held, Overlap);
                buffer.AsSpan(held - kept, kept).CopyTo(buffer);
            }
        }
        catch (FileNotFoundException)
        {
            // Put aside by its writer.
        }
    }

    /// <summary>The characters that stand for nothing but these bytes, when so many others come before them.</summary>
    private static string InsideBase64(ReadOnlySpan<byte> bytes, int before)
    {
        byte[] around = [.. new byte[before], .. bytes];
        var text = Convert.ToBase64String(around).TrimEnd('=');
        var whole = around.Length * 8 / 6;
        return text[(((before * 8) + 5) / 6)..whole];
    }
}
