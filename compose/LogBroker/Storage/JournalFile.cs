using Microsoft.Win32.SafeHandles;

namespace CardShop.LogBroker.Storage;

/// <summary>
/// One file of the journal. Its blocks were written once with zeros before it is used, and its size never changes: the
/// sync of an append has no metadata to write. Used from its start to its end, then free to be used again.
/// </summary>
internal sealed class JournalFile : IDisposable
{
    public const string Extension = ".journal";

    /// <summary>Writes begin and end here, so that the kernel never has to read a page before it changes it.</summary>
    public const int PageSize = 4096;

    private const int PreparePiece = 1024 * 1024;

    private readonly SafeFileHandle _file;

    private JournalFile(string path, SafeFileHandle file)
    {
        Path = path;
        _file = file;
        Size = RandomAccess.GetLength(file);
    }

    public string Path { get; }

    public long Size { get; }

    /// <summary>The last use of the file; entries of another one are no longer its content.</summary>
    public long Epoch { get; private set; }

    /// <summary>Where the next entry goes.</summary>
    public long Position { get; private set; }

    /// <summary>True while entries in it may be the only durable copy of what they hold.</summary>
    public bool InUse { get; set; }

    /// <summary>The logs that have entries in the file since it was begun.</summary>
    public HashSet<PartitionLog> Logs { get; } = [];

    /// <summary>
    /// Makes a file full of zeros, durable under its name. Piece by piece: the file system's own journal would make
    /// other syncs wait for all of it at once.
    /// </summary>
    /// <returns>Null when told to stop.</returns>
    public static JournalFile? Create(string path, long size, CancellationToken stopping)
    {
        var temporary = path + ".tmp";
        try
        {
            if (!TryFill(temporary, size, stopping))
            {
                return null;
            }

            File.Move(temporary, path, overwrite: true);
        }
        finally
        {
            File.Delete(temporary);
        }

        NativeFile.SyncDirectory(System.IO.Path.GetDirectoryName(path)!);
        return Open(path);
    }

    public static JournalFile Open(string path) => new(path, File.OpenHandle(
        path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete));

    public byte[] ReadAll()
    {
        var bytes = new byte[Size];
        for (var read = 0; read < bytes.Length;)
        {
            var got = RandomAccess.Read(_file, bytes.AsSpan(read), read);
            read += got > 0 ? got : throw new IOException($"'{Path}' became shorter");
        }

        return bytes;
    }

    public bool HasRoom(int bytes) => PageEnd(Position + bytes) <= Size;

    /// <summary>Begins the file anew: with the first write its old entries are history.</summary>
    public void Begin(long epoch)
    {
        Epoch = epoch;
        Position = 0;
        Logs.Clear();
        InUse = true;
    }

    /// <summary>
    /// Writes entries behind those that stand here. The buffer is filled up with zeros to the end of the page: so no page
    /// is written in part that was not written whole before, and nothing old stands right behind the last entry.
    /// </summary>
    /// <param name="buffer">The entries, with a page of room behind them.</param>
    /// <param name="length">How much of the buffer the entries take.</param>
    public void Write(Span<byte> buffer, int length)
    {
        var padded = (int)(PageEnd(Position + length) - Position);
        buffer[length..padded].Clear();
        RandomAccess.Write(_file, buffer[..padded], Position);
        Position += length;
    }

    /// <summary>Puts a mark in the place of the first entry: what was written up to this epoch is history.</summary>
    public void Empty(long epoch)
    {
        var page = new byte[PageSize];
        JournalEntry.Seal(page.AsSpan(0, JournalEntry.HeaderSize), epoch, default);
        RandomAccess.Write(_file, page, 0);
        Epoch = epoch;
        InUse = false;
    }

    public void Sync() => NativeFile.Sync(_file);

    public void Dispose() => _file.Dispose();

    private static bool TryFill(string path, long size, CancellationToken stopping)
    {
        var zeros = new byte[Math.Min(PreparePiece, size)];
        using var file = File.OpenHandle(path, FileMode.Create, FileAccess.Write);
        for (long written = 0; written < size; written += zeros.Length)
        {
            if (stopping.IsCancellationRequested)
            {
                return false;
            }

            RandomAccess.Write(file, zeros.AsSpan(0, (int)Math.Min(zeros.Length, size - written)), written);
            NativeFile.Sync(file);
        }

        return true;
    }

    private static long PageEnd(long position) => (position + PageSize - 1) / PageSize * PageSize;
}
