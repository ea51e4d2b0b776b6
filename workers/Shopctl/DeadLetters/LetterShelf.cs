using CardShop.Contracts;
using CardShop.Pipeline.Batches;
using CardShop.Shop.DeadLetters;

namespace CardShop.Shopctl.DeadLetters;

/// <summary>
/// Letters as the topic is read, a bounded number of them: where there are more, settled ones are left out first, then the
/// oldest. Of an open one that is left out the place is remembered, for a second reading.
/// </summary>
/// <param name="most">Letters that are held at once.</param>
public sealed class LetterShelf(int most)
{
    private readonly Dictionary<LetterPlace, Letter> _held = [];
    private readonly Queue<LetterPlace> _arrived = new();
    private readonly Queue<LetterPlace> _settled = new();
    private readonly HashSet<LetterPlace> _leftOpen = [];
    private readonly HashSet<LetterPlace> _wanted = [];

    /// <summary>Of letters that were copied from another log: their place there, and their place here.</summary>
    private readonly Dictionary<LetterPlace, LetterPlace> _copies = [];

    /// <summary>True where a letter was left out, open or settled.</summary>
    public bool IsCut { get; private set; }

    /// <summary>True where an open letter was left out.</summary>
    public bool HasMoreOpen => _leftOpen.Count > 0;

    /// <summary>All that are held, by time, the oldest first.</summary>
    public IReadOnlyList<Letter> InOrder() => [.. _held.Values.OrderBy(l => l.Head.At).ThenBy(l => l.Place.Offset)];

    /// <summary>Open letters that are meant, by time, the oldest first, and whether there may be more than these.</summary>
    public (IReadOnlyList<Letter> Letters, bool More) Matching(LetterFilter filter, int atOnce)
    {
        var found = InOrder().Where(l => l.IsOpen && filter.Takes(l)).ToList();
        return ([.. found.Take(atOnce)], found.Count > atOnce || HasMoreOpen);
    }

    /// <summary>The first reading: each record of the topic, those of a partition in their order.</summary>
    public void Take(LogIncoming record)
    {
        if (DeadLetterRecords.ResolutionOf(record) is { } resolution)
        {
            if (PlaceOf(record, resolution) is { } place)
            {
                Settle(place, resolution);
            }
        }
        else if (DeadLetterRecords.LetterOf(record) is { } letter)
        {
            Hold(record, letter);
        }
    }

    /// <summary>
    /// At the end of the first reading. An open letter can have been left out before it was known that others are settled:
    /// those go now, and their room is kept for the oldest open ones.
    /// </summary>
    /// <returns>True where the topic is to be read once more, by <see cref="TakeOpen"/>.</returns>
    public bool MakeRoom()
    {
        foreach (var place in _leftOpen.OrderBy(p => p.Offset).Take(_settled.Count))
        {
            _held.Remove(_settled.Dequeue());
            _wanted.Add(place);
        }

        return _wanted.Count > 0;
    }

    /// <summary>The second reading: takes in what room was made for.</summary>
    public void TakeOpen(LogIncoming record)
    {
        var place = Here(record);
        if (_wanted.Contains(place) && DeadLetterRecords.LetterOf(record) is { } letter)
        {
            _held[place] = Headed(place, letter);
            _leftOpen.Remove(place);
        }
    }

    private static LetterPlace Here(LogIncoming record) => new(record.Partition.Partition, record.Offset);

    private static Letter Headed(LetterPlace place, DeadLetter letter) =>
        new(place, letter with { Body = [] }, letter.Body.Length, LetterText.Of(letter), null);

    /// <summary>
    /// The letter that was settled; null where it is not here. What was written in this log names a place of this log; a
    /// copy names the place in the log that it was copied from.
    /// </summary>
    private LetterPlace? PlaceOf(LogIncoming record, DeadLetterResolved resolution)
    {
        var named = Here(record) with { Offset = resolution.Offset };
        if (record.Mirrored is null)
        {
            return named;
        }

        return _copies.TryGetValue(named, out var place) ? place : null;
    }

    private void Hold(LogIncoming record, DeadLetter letter)
    {
        var place = Here(record);
        if (record.Mirrored is { } origin)
        {
            _copies[place with { Offset = origin }] = place;
        }

        _held[place] = Headed(place, letter);
        _arrived.Enqueue(place);
        if (_held.Count > most)
        {
            LeaveOneOut();
        }
    }

    private void Settle(LetterPlace place, DeadLetterResolved resolution)
    {
        _leftOpen.Remove(place);
        if (_held.TryGetValue(place, out var letter))
        {
            _held[place] = letter with { Resolved = resolution };
            if (letter.IsOpen)
            {
                _settled.Enqueue(place);
            }
        }
    }

    private void LeaveOneOut()
    {
        IsCut = true;
        if (_settled.TryDequeue(out var settled))
        {
            _held.Remove(settled);
            return;
        }

        // All that are held are open. Places of those that went before them are passed over.
        var oldest = _arrived.Dequeue();
        while (!_held.Remove(oldest))
        {
            oldest = _arrived.Dequeue();
        }

        _leftOpen.Add(oldest);
    }
}
