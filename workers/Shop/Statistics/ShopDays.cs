namespace CardShop.Shop.Statistics;

/// <summary>The shop's calendar: which local day a moment belongs to. Pure.</summary>
public sealed class ShopDays
{
    /// <summary>The setting that names the zone, as the IANA does: the same in every process.</summary>
    public const string Setting = "Statistics__TimeZone";

    public const string Usual = "Asia/Shanghai";

    private static readonly TimeSpan Shanghai = TimeSpan.FromHours(8);
    private readonly TimeZoneInfo _zone;

    private ShopDays(TimeZoneInfo zone, string name)
    {
        _zone = zone;
        Zone = name;
    }

    public string Zone { get; }

    /// <param name="zone">Null or empty: <see cref="Usual"/>, also where the machine has no table of zones.</param>
    /// <exception cref="InvalidOperationException">There is no such zone.</exception>
    public static ShopDays Of(string? zone)
    {
        var name = string.IsNullOrWhiteSpace(zone) ? Usual : zone.Trim();
        if (TimeZoneInfo.TryFindSystemTimeZoneById(name, out var found))
        {
            return new(found, name);
        }

        return name == Usual
            ? new(TimeZoneInfo.CreateCustomTimeZone(Usual, Shanghai, Usual, Usual), Usual)
            : throw new InvalidOperationException(
                $"Setting {Setting} names no time zone of this machine: use a name such as {Usual} or Europe/Berlin.");
    }

    public DateOnly DayOf(DateTimeOffset moment) => DateOnly.FromDateTime(TimeZoneInfo.ConvertTime(moment, _zone).DateTime);

    /// <summary>The first moment of a day, UTC. Where clocks go forward at midnight the day begins later.</summary>
    public DateTimeOffset Begin(DateOnly day)
    {
        var local = day.ToDateTime(TimeOnly.MinValue);
        while (_zone.IsInvalidTime(local))
        {
            local = local.AddMinutes(15);
        }

        return new(TimeZoneInfo.ConvertTimeToUtc(local, _zone), TimeSpan.Zero);
    }
}
