namespace CardShop.Api;

/// <summary>
/// Counts tries per name in a table of fixed size: a bucket of tries that fills up again over ten minutes. Names that meet in
/// one place share its tries; who meets whom differs with every process, so nobody can be shut out on purpose.
/// </summary>
/// <param name="perTenMinutes">Tries of one name within ten minutes; all of them may come at once.</param>
public sealed class Throttle(int perTenMinutes, TimeProvider time)
{
    private const int Places = 1 << 16;
    private static readonly TimeSpan Window = TimeSpan.FromMinutes(10);

    private readonly long _start = time.GetTimestamp();
    private readonly Lock _lock = new();

    /// <summary>When each place will be empty again, in ticks since the start: each try moves it on by one share.</summary>
    private readonly long[] _emptyAt = new long[Places];

    public bool Allow(string name)
    {
        var place = (uint)name.GetHashCode(StringComparison.Ordinal) % Places;
        var share = Window.Ticks / perTenMinutes;
        lock (_lock)
        {
            var now = time.GetElapsedTime(_start).Ticks;
            var next = Math.Max(_emptyAt[place], now) + share;
            if (next - now > Window.Ticks)
            {
                return false;
            }

            _emptyAt[place] = next;
            return true;
        }
    }
}
