using System.Text.Json;

namespace CardShop.Sandbox.Books;

/// <summary>Where the books write what happened, before they say so to anybody.</summary>
public interface ITradeJournal
{
    /// <summary>Returns when the operating system has it: it outlives the process, not the machine.</summary>
    void Append(TradeEvent happened);
}

/// <summary>For books that may be forgotten.</summary>
public sealed class NoJournal : ITradeJournal
{
    public void Append(TradeEvent happened)
    {
    }
}

/// <summary>One JSON line per event in <c>trades.jsonl</c>. A start rewrites it without the dead wood.</summary>
public sealed class TradeJournal : ITradeJournal, IDisposable
{
    private const string FileName = "trades.jsonl";
    private readonly string _path;
    private FileStream? _file;

    public TradeJournal(string directory)
    {
        Directory.CreateDirectory(directory);
        _path = Path.Combine(directory, FileName);
    }

    /// <summary>Lines that could not be read: a write torn by a crash leaves at most one.</summary>
    public int SkippedLines { get; private set; }

    /// <summary>All events so far, oldest first.</summary>
    public IEnumerable<TradeEvent> Read()
    {
        if (!File.Exists(_path))
        {
            yield break;
        }

        foreach (var line in File.ReadLines(_path))
        {
            if (Parse(line) is { } happened)
            {
                yield return happened;
            }
            else
            {
                SkippedLines++;
            }
        }
    }

    /// <summary>Replaces the journal by <paramref name="events"/> and opens it for what comes.</summary>
    public void Start(IEnumerable<TradeEvent> events)
    {
        var fresh = _path + ".new";
        using (var file = new BufferedStream(File.Create(fresh), 64 * 1024))
        {
            foreach (var happened in events)
            {
                file.Write(Line(happened));
            }
        }

        File.Move(fresh, _path, overwrite: true);

        // Unbuffered: each line is one write to the operating system. Not shared: two writers would tear lines.
        _file = new FileStream(_path, FileMode.Append, FileAccess.Write, FileShare.None, bufferSize: 0);
    }

    public void Append(TradeEvent happened)
    {
        var file = _file ?? throw new InvalidOperationException("the journal was not started");
        var end = file.Position;
        try
        {
            file.Write(Line(happened));
        }
        catch (IOException)
        {
            // A half line would swallow the next one.
            file.SetLength(end);
            throw;
        }
    }

    public void Dispose() => _file?.Dispose();

    private static byte[] Line(TradeEvent happened) =>
        [.. JsonSerializer.SerializeToUtf8Bytes(happened, JournalJson.Default.TradeEvent), (byte)'\n'];

    private static TradeEvent? Parse(string line)
    {
        try
        {
            return JsonSerializer.Deserialize(line, JournalJson.Default.TradeEvent);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
