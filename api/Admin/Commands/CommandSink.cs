using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Threading.Channels;

namespace CardShop.Api.Admin.Commands;

/// <summary>
/// What a child process says, on its way to who listens: bounded in lines and in their length, and in what waits. Safe for
/// its two streams at once.
/// </summary>
public sealed class CommandSink
{
    /// <summary>Lines that are passed on.</summary>
    public const int MostLines = 20_000;

    /// <summary>Characters of a line.</summary>
    public const int MostInLine = 4_000;

    /// <summary>Characters of a JSON document.</summary>
    public const int MostInDocument = 4 * 1024 * 1024;

    /// <summary>Begins shopctl's line that names what waits for approval.</summary>
    private const string ApprovalPrefix = "approval-id: ";

    private const string ProgressEnd = " …";
    private const int MostWaiting = 256;

    private readonly Channel<CommandOutput> _outputs =
        Channel.CreateBounded<CommandOutput>(new BoundedChannelOptions(MostWaiting) { SingleReader = true });

    private int _lines;
    private string? _approvalId;

    public ChannelReader<CommandOutput> Outputs => _outputs.Reader;

    /// <summary>Passes standard output on, line by line.</summary>
    public async Task LinesAsync(TextReader output)
    {
        await foreach (var line in BoundedLines.ReadAsync(output, MostInLine, CancellationToken.None))
        {
            await SayAsync(new(Line: line));
        }
    }

    /// <summary>Passes standard output on as one line, where it is one JSON document.</summary>
    public async Task DocumentAsync(TextReader output)
    {
        var text = new StringBuilder();
        var buffer = new char[16 * 1024];
        var isWhole = true;
        int read;
        while ((read = await output.ReadAsync(buffer, CancellationToken.None)) > 0)
        {
            isWhole &= text.Length + read <= MostInDocument;
            if (isWhole)
            {
                text.Append(buffer, 0, read);
            }
        }

        if (!isWhole)
        {
            await SayAsync(new(Note: string.Create(
                CultureInfo.InvariantCulture, $"The answer is longer than {MostInDocument:N0} characters: ask for less.")));
        }
        else if (Compact(text.ToString()) is { } document)
        {
            await SayAsync(new(Line: document));
        }
    }

    /// <summary>Passes standard error on, line by line.</summary>
    public async Task NotesAsync(TextReader errors)
    {
        await foreach (var line in BoundedLines.ReadAsync(errors, MostInLine, CancellationToken.None))
        {
            if (line.StartsWith(ApprovalPrefix, StringComparison.Ordinal))
            {
                _approvalId = line[ApprovalPrefix.Length..].Trim();
            }
            else
            {
                await SayAsync(new(Note: line, Progress: line.EndsWith(ProgressEnd, StringComparison.Ordinal) ? true : null));
            }
        }
    }

    /// <summary>Says how it ended, and ends.</summary>
    /// <param name="exit">The child's exit code.</param>
    /// <param name="stopped">Why it was stopped; null where it was not.</param>
    public async Task EndAsync(int exit, string? stopped)
    {
        if (stopped is not null)
        {
            await _outputs.Writer.WriteAsync(new(Note: stopped));
        }

        // What is no exit code of shopctl is a signal, or a fault of the runtime.
        var code = exit is >= 0 and <= 5 ? exit : 1;
        await _outputs.Writer.WriteAsync(new(Exit: code, ApprovalId: code == 5 ? _approvalId : null));
        _outputs.Writer.Complete();
    }

    private async Task SayAsync(CommandOutput output)
    {
        var line = Interlocked.Increment(ref _lines);
        if (line <= MostLines)
        {
            await _outputs.Writer.WriteAsync(output);
        }
        else if (line == MostLines + 1)
        {
            await _outputs.Writer.WriteAsync(new(Note: string.Create(
                CultureInfo.InvariantCulture, $"The rest of more than {MostLines:N0} lines is left out.")));
        }
    }

    /// <returns>Null where it is no JSON.</returns>
    private static string? Compact(string text)
    {
        try
        {
            using var document = JsonDocument.Parse(text);
            using var bytes = new MemoryStream();
            using (var writer = new Utf8JsonWriter(bytes))
            {
                document.WriteTo(writer);
            }

            return Encoding.UTF8.GetString(bytes.GetBuffer(), 0, (int)bytes.Length);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
