using Microsoft.Extensions.Logging;

namespace CardShop.LogBroker.Storage;

/// <summary>
/// The journal of all partitions: two files that take turns. What several partitions received goes into it with one
/// write and one sync. A full file is left; when the segments of the logs that have entries in it are synced it may
/// be used again. Where no file is ready (before the first is prepared, while both are being left, on a small disk) the
/// caller syncs segments instead: nobody ever waits for a file.
/// </summary>
internal sealed class Journal : IDisposable
{
    private const int Files = 2;

    /// <summary>A disk with less free space than this many files of the journal does without it.</summary>
    private const int FreeSpaceFactor = 8;

    private readonly Lock _gate = new();
    private readonly string _directory;
    private readonly long _size;
    private readonly TimeProvider _clock;
    private readonly ILogger _logger;
    private readonly List<JournalFile> _files = [];
    private readonly CancellationTokenSource _stopping = new();
    private JournalFile? _active;
    private long _epoch;
    private bool _preparing;
    private bool _unusable;

    /// <summary>Opens what an earlier process left. Its entries are in <see cref="Replay"/> until emptied.</summary>
    /// <param name="directory">The data directory.</param>
    /// <param name="size">Bytes of one file; 0 keeps no journal.</param>
    public Journal(string directory, long size, TimeProvider clock, ILogger logger)
    {
        _directory = directory;
        _size = size;
        _clock = clock;
        _logger = logger;
        foreach (var unfinished in Directory.GetFiles(directory, "*" + JournalFile.Extension + ".tmp"))
        {
            File.Delete(unfinished);
        }

        _files.AddRange(Directory.GetFiles(directory, "*" + JournalFile.Extension).Select(JournalFile.Open));
        var used = _files.Select(file => file.ReadAll())
            .Select(bytes => (Bytes: bytes, Epoch: JournalReplay.EpochOf(bytes)))
            .Where(file => file.Epoch is not null).OrderBy(file => file.Epoch).ToList();
        used.ForEach(file => Replay.Add(file.Bytes));
        _epoch = used.Count > 0 ? used[^1].Epoch!.Value : 0;
    }

    /// <summary>What stood in the journal as it was opened.</summary>
    public JournalReplay Replay { get; private set; } = new();

    /// <summary>How a file is put on the disk; tests put a failing disk here.</summary>
    public Action<JournalFile> Sync { get; init; } = file => file.Sync();

    /// <summary>The epoch of the entries that are written now.</summary>
    public long Epoch => _active?.Epoch ?? _epoch;

    /// <summary>False once it is clear that this process writes no entries (any more).</summary>
    public bool Usable => _size > 0 && !Volatile.Read(ref _unusable);

    /// <summary>
    /// Every entry is on the disk in its segment: empties the files, durably. Called when all partitions are open, and at
    /// a clean stop when all are closed.
    /// </summary>
    public void Empty()
    {
        lock (_gate)
        {
            _active = null;
            foreach (var file in _files)
            {
                file.Empty(_epoch);
                Sync(file);
            }

            foreach (var file in _files.Where(file => file.Size != _size).ToList())
            {
                file.Dispose();
                File.Delete(file.Path);
                _files.Remove(file);
            }

            Replay = new JournalReplay();
        }
    }

    /// <summary>
    /// Makes sure that entries of so many bytes fit; false: not now. Called by the one writer. What is to be done beside
    /// the commits (leaving a file, preparing one) is passed on.
    /// </summary>
    public bool TryReserve(int bytes, Action<Action> inBackground)
    {
        lock (_gate)
        {
            if (!Usable || bytes > _size - JournalFile.PageSize)
            {
                return false;
            }

            if (_active is { } full && !full.HasRoom(bytes))
            {
                _active = null;
                inBackground(() => Leave(full));
            }

            _active ??= TryBegin();
            if (_files.Count < Files && !_preparing && (_active is null || _active.Position > _size / 2))
            {
                _preparing = true;
                inBackground(Prepare);
            }

            return _active is not null;
        }
    }

    /// <summary>Writes and syncs a group of entries for which there is room; an IOException says that it failed.</summary>
    public void Write(Span<byte> buffer, int length, IEnumerable<PartitionLog> logs)
    {
        var file = _active!;
        file.Logs.UnionWith(logs);
        file.Write(buffer, length);
        Sync(file);
    }

    /// <summary>
    /// After a failed write or sync nobody knows what is on the disk: the journal takes nothing more, its files are left
    /// as they are for the next start, and the segments take over what only the journal holds.
    /// </summary>
    public void Fail(Exception failure, Action<Action> inBackground)
    {
        _logger.JournalFailed(_directory, failure.Message);
        lock (_gate)
        {
            Volatile.Write(ref _unusable, true);
            _active = null;
            foreach (var file in _files.Where(file => file.InUse))
            {
                inBackground(() => _ = SettleLogs(file));
            }
        }
    }

    /// <summary>Ends what is being prepared.</summary>
    public void Stop() => _stopping.Cancel();

    public void Dispose()
    {
        _stopping.Cancel();
        _files.ForEach(file => file.Dispose());
        _stopping.Dispose();
    }

    private JournalFile? TryBegin()
    {
        var free = _files.Find(file => !file.InUse);
        if (free is null)
        {
            return null;
        }

        // The clock only guards against epochs that a damaged file no longer tells.
        _epoch = Math.Max(_epoch + 1, _clock.GetUtcNow().ToUnixTimeMilliseconds());
        free.Begin(_epoch);
        return free;
    }

    /// <summary>Makes a file that was left free again. One whose logs could not be synced is kept for the next start.</summary>
    private void Leave(JournalFile file)
    {
        if (SettleLogs(file))
        {
            lock (_gate)
            {
                file.InUse = false;
            }
        }
        else
        {
            _logger.JournalFileKept(file.Path);
        }
    }

    private static bool SettleLogs(JournalFile file)
    {
        var settled = true;
        foreach (var log in file.Logs)
        {
            settled &= log.Settle();
        }

        return settled;
    }

    private void Prepare()
    {
        try
        {
            var free = new DriveInfo(_directory).AvailableFreeSpace;
            if (free < _size * FreeSpaceFactor)
            {
                _logger.JournalNotPrepared(_directory, $"only {free} bytes are free");
                return; // and not tried again by this process
            }

            var number = Enumerable.Range(0, Files).First(n => !File.Exists(PathOf(n)));
            if (JournalFile.Create(PathOf(number), _size, _stopping.Token) is { } file)
            {
                lock (_gate)
                {
                    _files.Add(file);
                    _preparing = false;
                }
            }
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            _logger.JournalNotPrepared(_directory, failure.Message);
        }
    }

    private string PathOf(int number) => Path.Combine(_directory, $"{number}{JournalFile.Extension}");
}
