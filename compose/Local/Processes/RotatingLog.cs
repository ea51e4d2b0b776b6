using System.Text;

namespace CardShop.Local.Processes;

/// <summary>A log file that never grows past its bound: the full file becomes <c>name.1</c>, the one before it <c>name.2</c>.</summary>
public sealed class RotatingLog : IDisposable
{
    private readonly Lock _lock = new();
    private readonly long _limit;
    private FileStream? _file;

    /// <param name="path">The file; its folder is created.</param>
    /// <param name="limit">Bytes after which the file is put aside.</param>
    public RotatingLog(string path, long limit = 16 << 20)
    {
        Path = path;
        _limit = limit;
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
        _file = Open();
    }

    /// <summary>The file that is being written.</summary>
    public string Path { get; }

    /// <summary>Appends bytes as they are. What comes after the end is dropped.</summary>
    public void Write(ReadOnlySpan<byte> bytes)
    {
        lock (_lock)
        {
            if (_file is null)
            {
                return;
            }

            try
            {
                if (_file.Length + bytes.Length > _limit && _file.Length > 0)
                {
                    Rotate();
                }

                _file.Write(bytes);
                _file.Flush();
            }
            catch (IOException)
            {
                // A full disk costs the log, never the part that writes it.
            }
        }
    }

    /// <summary>Appends a line of the supervisor's own.</summary>
    public void Remark(DateTimeOffset at, string text)
    {
        Write(Encoding.UTF8.GetBytes($"--- {at:yyyy-MM-ddTHH:mm:ss.fffZ} {text}\n"));
    }

    /// <summary>The last lines of the file.</summary>
    public IReadOnlyList<string> Tail(int lines) => Tail(Path, lines);

    /// <summary>The last lines of any file; none when it cannot be read.</summary>
    public static IReadOnlyList<string> Tail(string path, int lines)
    {
        const int Window = 64 << 10;
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            file.Seek(-Math.Min(Window, file.Length), SeekOrigin.End);
            using var reader = new StreamReader(file, Encoding.UTF8);
            return [.. reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries).TakeLast(lines)];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_lock)
        {
            _file?.Dispose();
            _file = null;
        }
    }

    private FileStream Open() =>
        PrivateFile.Open(Path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete);

    private void Rotate()
    {
        _file!.Dispose();
        if (File.Exists(Path + ".1"))
        {
            File.Move(Path + ".1", Path + ".2", overwrite: true);
        }

        File.Move(Path, Path + ".1", overwrite: true);
        _file = Open();
    }
}
