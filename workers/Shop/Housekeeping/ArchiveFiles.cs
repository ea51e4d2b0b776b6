using System.IO.Compression;
using System.Text;
using System.Text.Json;

namespace CardShop.Shop.Housekeeping;

/// <summary>
/// The archive's folder: a folder per month of acceptance, in it gzip files of at most <see cref="MostOrders"/> orders, a line
/// of JSON each, which <c>zcat</c> shows. A file appears whole and durable or not at all, and is never added to. Its place,
/// as <c>2026-08/NAME.jsonl.gz</c>, stands in the orders' tombstones: that is the index.
/// </summary>
public sealed class ArchiveFiles(string directory)
{
    /// <summary>To read one order a whole file is read.</summary>
    public const int MostOrders = 1_000;

    public const string Ending = ".jsonl.gz";

    /// <summary>Writes a file; durable when it returns. One of the same place is replaced.</summary>
    public Task WriteAsync(string place, IReadOnlyList<ArchivedOrder> orders) =>
        WriteLinesAsync(place, [.. orders.Select(o => JsonSerializer.Serialize(o, ArchiveJson.Default.ArchivedOrder))]);

    /// <summary>The orders of a file. Throws <see cref="IOException"/> where it is gone, <see cref="InvalidDataException"/> where it is damaged.</summary>
    public async Task<IReadOnlyList<ArchivedOrder>> ReadAsync(string place, CancellationToken cancellation) =>
        [.. (await ReadLinesAsync(place, cancellation)).Select(Parse)];

    /// <summary>One order of a file; null where it is not in it.</summary>
    public async Task<ArchivedOrder?> FindAsync(string place, string orderId, CancellationToken cancellation)
    {
        var line = (await ReadLinesAsync(place, cancellation)).FirstOrDefault(
            l => l.Contains($"\"id\":\"{orderId}\"", StringComparison.Ordinal) && Parse(l).Id == orderId);
        return line is null ? null : Parse(line);
    }

    /// <summary>Removes a file; nothing where it is gone already.</summary>
    public void Remove(string place)
    {
        var path = PathOf(place);
        if (File.Exists(path))
        {
            File.Delete(path);
            DurableFile.SyncFolder(Path.GetDirectoryName(path)!);
        }
    }

    /// <summary>Places of all files, or of a month's.</summary>
    public IEnumerable<string> Places(string? month = null)
    {
        var folder = month is null ? directory : Path.Combine(directory, month);
        return Directory.Exists(folder)
            ? Directory.EnumerateFiles(folder, "*" + Ending, SearchOption.AllDirectories)
                .Select(p => Path.GetRelativePath(directory, p)).Order(StringComparer.Ordinal)
            : [];
    }

    /// <summary>Rewrites those lines of a file that a change concerns; the file stays as it is where there is none.</summary>
    /// <param name="mark">A text that every such line holds: lines without are not parsed.</param>
    /// <param name="change">The order as it shall be; null = leave it.</param>
    /// <returns>Ids of the orders that were changed.</returns>
    public async Task<IReadOnlyList<string>> RewriteAsync(
        string place, string mark, Func<ArchivedOrder, ArchivedOrder?> change, CancellationToken cancellation)
    {
        var lines = await ReadLinesAsync(place, cancellation);
        var changed = new List<string>();
        for (var i = 0; i < lines.Count; i++)
        {
            if (lines[i].Contains(mark, StringComparison.Ordinal) && change(Parse(lines[i])) is { } order)
            {
                lines[i] = JsonSerializer.Serialize(order, ArchiveJson.Default.ArchivedOrder);
                changed.Add(order.Id);
            }
        }

        if (changed.Count > 0)
        {
            await WriteLinesAsync(place, lines);
        }

        return changed;
    }

    /// <summary>Is the folder there, and can it be written to? Throws with what to do.</summary>
    public void Require()
    {
        try
        {
            DurableFile.CreateFolder(directory);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InvalidOperationException(
                $"The archive's folder {directory} cannot be made ({e.Message}): check setting {HousekeepingOptions.ArchiveSetting}.", e);
        }
    }

    private static ArchivedOrder Parse(string line)
    {
        try
        {
            return JsonSerializer.Deserialize(line, ArchiveJson.Default.ArchivedOrder)
                ?? throw new InvalidDataException("A line of the archive is null.");
        }
        catch (JsonException e)
        {
            throw new InvalidDataException("A line of the archive is no order.", e);
        }
    }

    private Task WriteLinesAsync(string place, IReadOnlyList<string> lines) => DurableFile.WriteAsync(
        PathOf(place),
        async file =>
        {
            await using var zip = new GZipStream(file, CompressionLevel.Optimal, leaveOpen: true);
            foreach (var line in lines)
            {
                await zip.WriteAsync(Encoding.UTF8.GetBytes(line + "\n"));
            }
        });

    private async Task<List<string>> ReadLinesAsync(string place, CancellationToken cancellation)
    {
        await using var file = File.OpenRead(PathOf(place));
        await using var zip = new GZipStream(file, CompressionMode.Decompress);
        using var reader = new StreamReader(zip, Encoding.UTF8);
        var lines = new List<string>();
        while (await reader.ReadLineAsync(cancellation) is { } line)
        {
            lines.Add(line);
        }

        return lines;
    }

    /// <summary>Places come from the database: none may lead out of the folder.</summary>
    private string PathOf(string place)
    {
        var root = Path.GetFullPath(directory) + Path.DirectorySeparatorChar;
        var path = Path.GetFullPath(place, root);
        return path.StartsWith(root, StringComparison.Ordinal)
            ? path
            : throw new InvalidDataException($"{place} is no place in the archive.");
    }
}
