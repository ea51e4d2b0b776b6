using System.Buffers.Text;

namespace CardShop.Tests.Bench.Intake;

/// <summary>Just enough HTTP/1.1 to know when an answer is complete and what its status is.</summary>
internal static class HttpAnswer
{
    /// <returns>The status; 0 while the answer is not complete.</returns>
    public static int StatusOf(ReadOnlySpan<byte> bytes)
    {
        var head = bytes.IndexOf("\r\n\r\n"u8);
        if (head < 0)
        {
            return 0;
        }

        var headers = bytes[..(head + 2)];
        var body = bytes[(head + 4)..];
        bool complete;
        var at = headers.IndexOf("\r\nContent-Length: "u8);
        if (at >= 0)
        {
            complete = Utf8Parser.TryParse(headers[(at + 18)..], out int length, out _) && body.Length >= length;
        }
        else
        {
            // One answer at a time is under way, so the last chunk is at the end of what has come.
            complete = body.EndsWith("0\r\n\r\n"u8);
        }

        return complete && Utf8Parser.TryParse(bytes[9..], out int status, out _) ? status : 0;
    }
}
