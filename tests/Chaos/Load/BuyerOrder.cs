using System.Globalization;

namespace CardShop.Tests.Chaos.Load;

/// <summary>One order as its buyer lived it.</summary>
public sealed class BuyerOrder(int number, BuyerPlan plan)
{
    private const int MostNotes = 40;

    private readonly Lock _lock = new();
    private List<string>? _notes;

    public int Number => number;

    public BuyerPlan Plan => plan;

    /// <summary>Null until it was accepted.</summary>
    public string? Id { get; set; }

    public string Token { get; set; } = "";

    /// <summary>How it is to be paid.</summary>
    public string Channel { get; set; } = "alipay";

    public long Amount { get; set; }

    /// <summary>Payments that the provider confirmed to the buyer.</summary>
    public int Payments { get; set; }

    /// <summary>The last status that was shown.</summary>
    public string Seen { get; set; } = "";

    /// <summary>The ids of the keys that were shown; null while none was.</summary>
    public IReadOnlyList<Guid>? Keys { get; set; }

    /// <summary>What the buyer saw that must never happen; null = nothing.</summary>
    public string? Wrong { get; set; }

    /// <summary>Nothing is left to do for the buyer.</summary>
    public bool IsDone { get; set; }

    /// <summary>What happened, for a story: only what is not usual.</summary>
    public IReadOnlyList<string> Notes
    {
        get
        {
            lock (_lock)
            {
                return [.. _notes ?? []];
            }
        }
    }

    public void Note(TimeSpan at, string text)
    {
        lock (_lock)
        {
            _notes ??= [];
            if (_notes.Count < MostNotes)
            {
                _notes.Add(string.Create(CultureInfo.InvariantCulture, $"{at.TotalSeconds,8:0.000} s  {text}"));
            }
        }
    }
}
