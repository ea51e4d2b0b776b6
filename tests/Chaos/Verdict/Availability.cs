using CardShop.Tests.Chaos.Load;

namespace CardShop.Tests.Chaos.Verdict;

/// <summary>Whom a fault hurts.</summary>
public enum HurtParty
{
    /// <summary>Any part of the shop but the log broker.</summary>
    Others,

    /// <summary>The log broker: without it nothing can be accepted.</summary>
    Log,

    /// <summary>The payment providers, who are not the shop: while none answers no channel is up, and orders are refused on purpose.</summary>
    Provider,
}

/// <summary>A stretch of the run in which something was hurt, in seconds since its beginning.</summary>
public readonly record struct HurtSpan(double From, double To, HurtParty Party);

/// <summary>Orders accepted of those tried.</summary>
public readonly record struct Share(long Tried, long Accepted)
{
    /// <summary>1 where nothing was tried.</summary>
    public double Ratio => Tried == 0 ? 1 : (double)Accepted / Tried;

    public Share Add(int tried, int accepted) => new(Tried + tried, Accepted + accepted);
}

/// <summary>What buyers got, second by second, told apart by what was hurt then. Pure.</summary>
/// <param name="All">The whole run.</param>
/// <param name="Calm">Seconds in which nothing was hurt.</param>
/// <param name="Hurt">Seconds in which any other part of the shop than the log broker was hurt.</param>
/// <param name="AtOnce">The same seconds as <paramref name="Hurt"/>, counting only orders whose first request was answered.</param>
/// <param name="Log">Seconds in which the log broker was hurt, until orders are taken again.</param>
/// <param name="Provider">Seconds in which the providers were hurt and not the log broker, until orders are taken again.</param>
/// <param name="Worst">The worst second of calm and hurt ones, and its share.</param>
public sealed record Availability(
    Share All, Share Calm, Share Hurt, Share AtOnce, Share Log, Share Provider, (int Second, double Ratio) Worst)
{
    /// <summary>A second counts as good again from here on.</summary>
    private const double Good = 0.99;

    /// <summary>Somebody's trouble is over when orders are taken again, and at the latest so long after it was mended.</summary>
    private const int LongestEcho = 15;

    public static Availability Of(IReadOnlyList<LoadSecond> seconds, IReadOnlyList<HurtSpan> spans)
    {
        var log = SecondsOf(HurtParty.Log, seconds, spans);
        var provider = SecondsOf(HurtParty.Provider, seconds, spans);
        Share all = default, calm = default, hurt = default, atOnce = default, inLog = default, inProvider = default;
        var worst = (Second: -1, Ratio: 1.0);
        for (var i = 0; i < seconds.Count; i++)
        {
            var second = seconds[i];
            all = all.Add(second.Offered, second.Accepted);
            if (log[i])
            {
                inLog = inLog.Add(second.Offered, second.Accepted);
                continue;
            }

            if (provider[i])
            {
                inProvider = inProvider.Add(second.Offered, second.Accepted);
                continue;
            }

            var ratio = new Share(second.Offered, second.Accepted).Ratio;
            worst = ratio < worst.Ratio ? (i, ratio) : worst;
            if (spans.Any(s => s.From < i + 1 && s.To > i))
            {
                hurt = hurt.Add(second.Offered, second.Accepted);
                atOnce = atOnce.Add(second.Offered, second.AtOnce);
            }
            else
            {
                calm = calm.Add(second.Offered, second.Accepted);
            }
        }

        return new(all, calm, hurt, atOnce, inLog, inProvider, worst);
    }

    private static bool[] SecondsOf(HurtParty party, IReadOnlyList<LoadSecond> seconds, IReadOnlyList<HurtSpan> spans)
    {
        var found = new bool[seconds.Count];
        foreach (var span in spans.Where(s => s.Party == party))
        {
            // From the second before: an order that was under way then needed it as well.
            var last = (int)Math.Ceiling(span.To);
            for (var i = Math.Max(0, (int)span.From - 1); i < Math.Min(found.Length, last); i++)
            {
                found[i] = true;
            }

            for (var i = last; i < Math.Min(found.Length, last + LongestEcho) && IsBad(seconds[i]); i++)
            {
                found[i] = true;
            }
        }

        return found;
    }

    private static bool IsBad(LoadSecond second) => second.Offered > 0 && second.Accepted < second.Offered * Good;
}
