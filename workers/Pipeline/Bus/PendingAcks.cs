namespace CardShop.Pipeline.Bus;

/// <summary>
/// The acknowledgements of one channel that the broker has not been told, and the fewest frames that say them: one for all
/// up to a tag where none below it is still in hand, one each for the others. To RabbitMQ every frame is a message to the
/// queue and an entry of its log. Safe for several threads.
/// </summary>
public sealed class PendingAcks
{
    private readonly Lock _lock = new();
    private readonly HashSet<ulong> _settled = [];
    private List<ulong> _untold = [];
    private ulong _allUpTo;
    private bool _isTold;

    /// <summary>Takes a delivery's acknowledgement; a repeat is none.</summary>
    /// <param name="tag">The channel counts its deliveries from 1.</param>
    /// <returns>True where the caller is to <see cref="Take"/> until nothing is left: nobody else does.</returns>
    public bool Add(ulong tag)
    {
        lock (_lock)
        {
            if (tag <= _allUpTo || !_settled.Add(tag))
            {
                return false;
            }

            _untold.Add(tag);
            var isFirst = !_isTold;
            _isTold = true;
            return isFirst;
        }
    }

    /// <summary>What is to be told now; nothing of it is returned again. Whoever gets nothing has done.</summary>
    /// <returns>Frames: a tag, and whether it stands for all before it.</returns>
    public IReadOnlyList<(ulong Tag, bool Multiple)> Take()
    {
        lock (_lock)
        {
            if (_untold.Count == 0)
            {
                _isTold = false;
                return [];
            }

            while (_settled.Remove(_allUpTo + 1))
            {
                _allUpTo++;
            }

            // The highest that was not told: a tag that was may not be named again.
            var last = _untold.Where(t => t <= _allUpTo).DefaultIfEmpty().Max();
            List<(ulong, bool)> frames = last == 0 ? [] : [(last, true)];
            frames.AddRange(_untold.Where(t => t > _allUpTo).Order().Select(t => (t, false)));
            _untold = [];
            return frames;
        }
    }
}
