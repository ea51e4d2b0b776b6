using System.Globalization;
using CardShop.Contracts;
using CardShop.Pipeline.Batches;

namespace CardShop.Shopctl.DeadLetters;

/// <summary>Where a letter lies on shop.dead-letters.v1: how operators name it.</summary>
public readonly record struct LetterPlace(int Partition, long Offset)
{
    /// <returns>Null where the text is no <c>PARTITION:OFFSET</c>.</returns>
    public static LetterPlace? Parse(string text)
    {
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        return colon > 0
            && int.TryParse(text.AsSpan(0, colon), NumberStyles.None, CultureInfo.InvariantCulture, out var partition)
            && partition < Topics.DeadLetters.Partitions
            && long.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var offset)
            ? new(partition, offset)
            : null;
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Partition}:{Offset}");
}

/// <summary>A dead letter, without its body.</summary>
/// <param name="Head">What it says of itself; its body is left out.</param>
/// <param name="Size">Of the body, in bytes.</param>
/// <param name="Preview">What of the body may be shown.</param>
/// <param name="Resolved">What became of it; null while it is open.</param>
public sealed record Letter(
    LetterPlace Place, DeadLetter Head, int Size, IReadOnlyList<string> Preview, DeadLetterResolved? Resolved)
{
    public bool IsOpen => Resolved is null;

    /// <summary>Where the record came from, for people.</summary>
    public string Origin => Head.Topic.StartsWith("shop.", StringComparison.Ordinal)
        ? string.Create(CultureInfo.InvariantCulture, $"{Head.Topic}[{Head.Partition}]@{Head.Offset}")
        : Head.Topic;

    /// <summary>
    /// True for the record that a letter was written about. Its place alone does not tell: a copy of a lost region's topic
    /// has other records at the same offsets.
    /// </summary>
    /// <param name="letter">With its body.</param>
    public static bool IsAbout(DeadLetter letter, LogIncoming record) =>
        record.Key == (letter.Key ?? string.Empty) && record.Type == letter.Type
        && (record.Value ?? []).AsSpan().SequenceEqual(letter.Body);
}

/// <summary>Which letters are meant.</summary>
/// <param name="Topic">Null = of any origin.</param>
/// <param name="Reason">A part of the reason; null = for any.</param>
/// <param name="Since">Null = from the beginning.</param>
/// <param name="Until">Null = up to now.</param>
public sealed record LetterFilter(string? Topic, string? Reason, string? OrderId, DateTimeOffset? Since, DateTimeOffset? Until)
{
    public bool IsNone => this is { Topic: null, Reason: null, OrderId: null, Since: null, Until: null };

    public bool Takes(Letter letter) =>
        (Topic is null || letter.Head.Topic == Topic)
        && (Reason is null || letter.Head.Reason.Contains(Reason, StringComparison.OrdinalIgnoreCase))
        && (OrderId is null || letter.Head.OrderId == OrderId || letter.Head.Key == OrderId)
        && (Since is null || letter.Head.At >= Since)
        && (Until is null || letter.Head.At < Until);
}
