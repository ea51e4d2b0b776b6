namespace CardShop.Sandbox.Notices;

/// <summary>Notifications that wait behind a newer one of their trade. Bounded; thread-safe.</summary>
internal sealed class HeldNotices
{
    private const int Limit = 10_000;
    private readonly Lock _lock = new();
    private readonly HashSet<(string Number, string NoticeId)> _held = [];

    /// <summary>False when it is held already or too many are.</summary>
    public bool Hold(string number, string noticeId)
    {
        lock (_lock)
        {
            return _held.Count < Limit && _held.Add((number, noticeId));
        }
    }

    /// <summary>True for the one caller that may send it now.</summary>
    public bool Release(string number, string noticeId)
    {
        lock (_lock)
        {
            return _held.Remove((number, noticeId));
        }
    }

    /// <summary>All that wait for a newer notification of this trade, which has just been sent.</summary>
    public IReadOnlyList<string> ReleaseAll(string number)
    {
        lock (_lock)
        {
            var released = _held.Where(one => one.Number == number).ToList();
            _held.ExceptWith(released);
            return [.. released.Select(one => one.NoticeId)];
        }
    }
}
