using System.Globalization;
using CardShop.Local.Supervision;

namespace CardShop.Local.Terminal;

/// <summary>One line per event, with the seconds since the start, for logs and pipes.</summary>
/// <param name="output">Where the lines go.</param>
/// <param name="time">The clock.</param>
public sealed class PlainProgress(TextWriter output, TimeProvider time) : IProgressSink
{
    private readonly Lock _lock = new();
    private readonly long _from = time.GetTimestamp();

    /// <inheritdoc/>
    public void Line(string text)
    {
        // What a user greps for stands alone on its line.
        var line = text.StartsWith("CardShop is ready", StringComparison.Ordinal)
            ? text
            : string.Create(CultureInfo.InvariantCulture, $"{time.GetElapsedTime(_from).TotalSeconds,6:0.0}s  {text}");
        lock (_lock)
        {
            try
            {
                output.WriteLine(line);
                output.Flush();
            }
            catch (IOException)
            {
                // The reader of the pipe is gone, or the disk is full; the shop runs on.
            }
        }
    }
}
