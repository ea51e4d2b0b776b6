using System.Runtime.CompilerServices;
using System.Text;

namespace CardShop.Api.Admin.Commands;

/// <summary>Lines of a text that somebody else writes: none is longer than is said, whatever comes.</summary>
public static class BoundedLines
{
    private const string Cut = "…";

    /// <summary>The lines; what is longer is cut, and ends with an ellipsis.</summary>
    public static async IAsyncEnumerable<string> ReadAsync(
        TextReader reader, int most, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var line = new StringBuilder();
        var dropped = false;
        var buffer = new char[4_096];
        int read;
        while ((read = await reader.ReadAsync(buffer, cancellation)) > 0)
        {
            var rest = buffer.AsMemory(0, read);
            for (var end = rest.Span.IndexOf('\n'); end >= 0; end = rest.Span.IndexOf('\n'))
            {
                dropped |= Append(line, rest.Span[..end], most);
                yield return Take(line, dropped);
                dropped = false;
                rest = rest[(end + 1)..];
            }

            dropped |= Append(line, rest.Span, most);
        }

        if (line.Length > 0)
        {
            yield return Take(line, dropped);
        }
    }

    private static bool Append(StringBuilder line, ReadOnlySpan<char> text, int most)
    {
        var room = Math.Min(text.Length, most - line.Length);
        line.Append(text[..room]);
        return room < text.Length;
    }

    private static string Take(StringBuilder line, bool dropped)
    {
        var text = line.ToString().TrimEnd('\r') + (dropped ? Cut : string.Empty);
        line.Clear();
        return text;
    }
}
