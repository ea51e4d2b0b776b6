using System.Globalization;
using System.Text;

namespace CardShop.LogBroker.Storage;

/// <summary>
/// Gives out producer ids that never repeat: the file holds the end of the block in use, written before any id of it is
/// given, so a crash only skips ids.
/// </summary>
internal sealed class ProducerIds
{
    private const long BlockSize = 1000;

    private readonly Lock _gate = new();
    private readonly string _path;
    private long _next;
    private long _end;

    public ProducerIds(string directory)
    {
        _path = Path.Combine(directory, "producer-ids");
        _end = _next = File.Exists(_path)
            ? long.Parse(File.ReadAllText(_path), CultureInfo.InvariantCulture)
            : BlockSize;
    }

    public long Next()
    {
        lock (_gate)
        {
            if (_next == _end)
            {
                AtomicFile.Write(_path,
                    Encoding.ASCII.GetBytes((_end + BlockSize).ToString(CultureInfo.InvariantCulture)));
                _end += BlockSize;
            }

            return _next++;
        }
    }
}
