namespace CardShop.Pipeline.Batches;

/// <summary>The bounds of a batch.</summary>
/// <param name="MaxMessages">Setting <c>Batch__MaxMessages</c>.</param>
/// <param name="MaxAge">Setting <c>Batch__MaxAgeMs</c>: a maximum age from the first message, never a debounce.</param>
/// <param name="MaxBytes">Of the messages together.</param>
public sealed record BatchOptions(int MaxMessages, TimeSpan MaxAge, int MaxBytes)
{
    public static readonly BatchOptions Default = new(500, TimeSpan.FromMilliseconds(20), 4 * 1024 * 1024);
}
