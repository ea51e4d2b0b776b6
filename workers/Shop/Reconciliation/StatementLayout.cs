namespace CardShop.Shop.Reconciliation;

/// <summary>How one provider writes its statement. An instance reads one file, line by line.</summary>
public abstract class StatementLayout
{
    private readonly StatementText _text = new();

    /// <summary>The channel whose layout it is; null for the neutral one, which every channel may use.</summary>
    public abstract string? Channel { get; }

    /// <summary>For people: what the layout is called.</summary>
    public abstract string Name { get; }

    /// <summary>When the provider's day starts, after Beijing's midnight.</summary>
    public virtual TimeSpan DayStart => TimeSpan.Zero;

    /// <summary>The days that the file itself names; null where it names none.</summary>
    public StatementPeriod? Period { get; protected set; }

    /// <summary>Takes a line in.</summary>
    /// <param name="number">Counted from 1.</param>
    /// <returns>Neither line nor refusal for comments, headers, sums and blank lines.</returns>
    public abstract StatementRow Read(long number, ReadOnlySpan<byte> bytes);

    /// <summary>Asked at the end of the file: why it cannot be whole; null where nothing speaks against it.</summary>
    public virtual string? Incomplete() => null;

    protected static StatementRow Skip(long number) => new(number, null, null);

    protected static StatementRow Refuse(long number, string reason) => new(number, null, reason);

    /// <summary>The text of a line; null where its bytes do not fit the file's encoding.</summary>
    protected string? Decode(ReadOnlySpan<byte> bytes) => _text.Decode(bytes);

    /// <summary>Where each named column stands; null where one is missing.</summary>
    protected static int[]? Columns(IReadOnlyList<string> header, params ReadOnlySpan<string> names)
    {
        var places = new int[names.Length];
        for (var i = 0; i < names.Length; i++)
        {
            places[i] = IndexOf(header, names[i]);
            if (places[i] < 0)
            {
                return null;
            }
        }

        return places;
    }

    /// <summary>Where a column stands, whatever unit follows its name in brackets; -1 where it does not.</summary>
    protected static int IndexOf(IReadOnlyList<string> header, string name)
    {
        for (var i = 0; i < header.Count; i++)
        {
            var bracket = header[i].AsSpan().IndexOfAny('(', '（');
            if ((bracket < 0 ? header[i] : header[i].AsSpan(0, bracket)).Trim().Equals(name, StringComparison.OrdinalIgnoreCase))
            {
                return i;
            }
        }

        return -1;
    }
}
