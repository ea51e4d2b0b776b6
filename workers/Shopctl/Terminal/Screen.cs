using System.Globalization;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace CardShop.Shopctl.Terminal;

/// <summary>What an operator sees: results on standard output, notes and errors on standard error.</summary>
public sealed class Screen
{
    private const int PlainWidth = 160;

    private readonly TextWriter _results;
    private readonly TextWriter _errors;
    private readonly IAnsiConsole _out;
    private readonly IAnsiConsole _notes;

    /// <summary>This process's terminal, or what stands in its place.</summary>
    public Screen()
        : this(Console.Out, Console.IsOutputRedirected, Console.Error, Console.IsErrorRedirected)
    {
    }

    /// <summary>Plain text to two writers, as if both were redirected.</summary>
    public Screen(TextWriter results, TextWriter errors)
        : this(results, true, errors, true)
    {
    }

    private Screen(TextWriter results, bool resultsRedirected, TextWriter errors, bool errorsRedirected)
    {
        _results = results;
        _errors = errors;
        _out = Open(results, resultsRedirected);
        _notes = Open(errors, errorsRedirected);
        IsTerminal = !errorsRedirected && _notes.Profile.Capabilities.Interactive;
    }

    /// <summary>True where a progress bar can be drawn.</summary>
    public bool IsTerminal { get; }

    /// <summary>Where progress bars are drawn: beside the results, not among them.</summary>
    public IAnsiConsole Notes => _notes;

    public void Line(string text) => _results.WriteLine(text);

    public void Error(string text) => _errors.WriteLine(text);

    public void Note(string text) => _errors.WriteLine(text);

    public void Show(IRenderable thing) => _out.Write(thing);

    /// <summary>A table with these columns; a column whose name starts with <c>#</c> holds numbers.</summary>
    public static Table Table(params ReadOnlySpan<string> columns)
    {
        var table = new Table { Border = TableBorder.Rounded };
        foreach (var column in columns)
        {
            var number = column.StartsWith('#');
            var made = new TableColumn(new Text(number ? column[1..] : column, new Style(decoration: Decoration.Bold)));
            table.AddColumn(number ? made.RightAligned() : made);
        }

        return table;
    }

    /// <summary>A time as operators read it; - where there is none.</summary>
    public static string Time(DateTimeOffset? time) =>
        time?.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture) ?? "-";

    /// <summary>A row of plain text: nothing in it is markup.</summary>
    public static void Row(Table table, params ReadOnlySpan<string> cells)
    {
        var texts = new List<IRenderable>(cells.Length);
        foreach (var cell in cells)
        {
            texts.Add(new Text(cell));
        }

        table.AddRow(texts);
    }

    private static IAnsiConsole Open(TextWriter writer, bool redirected)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(writer),
            Ansi = redirected ? AnsiSupport.No : AnsiSupport.Detect,
            Interactive = redirected ? InteractionSupport.No : InteractionSupport.Detect,
        });
        if (redirected)
        {
            console.Profile.Width = PlainWidth;
        }

        return console;
    }
}
