using System.Globalization;
using CardShop.Api.Admin.Commands;
using Xunit;

namespace CardShop.Tests.Unit.Api;

public sealed class When_a_command_speaks
{
    [Fact]
    public async Task Each_line_is_passed_on_and_the_last_says_how_it_ended()
    {
        var outputs = await SaidAsync("one\n\ntwo\r\nthree", "replay: 5 %, 1 of 20 …\nwhy\n", 0, null);

        Assert.Equal(["one", "", "two", "three"], outputs.Where(o => o.Line is not null).Select(o => o.Line!));
        Assert.Equal(
            [new CommandOutput(Note: "replay: 5 %, 1 of 20 …", Progress: true), new CommandOutput(Note: "why")],
            outputs.Where(o => o.Note is not null));
        Assert.Equal(new CommandOutput(Exit: 0), outputs[^1]);
    }

    [Fact]
    public async Task What_waits_for_approval_is_named_at_its_end_and_nowhere_before()
    {
        var outputs = await SaidAsync("", "replay waits\napproval-id: ab12\n", 5, null);

        Assert.Equal([new CommandOutput(Note: "replay waits"), new CommandOutput(Exit: 5, ApprovalId: "ab12")], outputs);
        Assert.Equal(new CommandOutput(Exit: 4), (await SaidAsync("", "approval-id: ab12\n", 4, null))[^1]);
    }

    [Theory]
    [InlineData(137, 1)]
    [InlineData(134, 1)]
    [InlineData(-1, 1)]
    [InlineData(4, 4)]
    public async Task A_process_that_was_killed_has_failed(int code, int exit)
    {
        var outputs = await SaidAsync("", "", code, "It was stopped.");

        Assert.Equal([new CommandOutput(Note: "It was stopped."), new CommandOutput(Exit: exit)], outputs);
    }

    [Fact]
    public async Task A_line_without_end_is_cut_and_lines_without_end_are_left_out()
    {
        var longLine = new string('x', CommandSink.MostInLine * 3);
        var outputs = await SaidAsync(longLine + "\nnext\n", "", 0, null);
        Assert.Equal(CommandSink.MostInLine + 1, outputs[0].Line!.Length);
        Assert.EndsWith("x…", outputs[0].Line, StringComparison.Ordinal);
        Assert.Equal("next", outputs[1].Line);

        var many = string.Concat(Enumerable.Range(0, CommandSink.MostLines + 500).Select(i => i.ToString(CultureInfo.InvariantCulture) + "\n"));
        outputs = await SaidAsync(many, "", 0, null);
        Assert.Equal(CommandSink.MostLines + 2, outputs.Count);
        Assert.Contains("left out", outputs[^2].Note, StringComparison.Ordinal);
        Assert.Equal(0, outputs[^1].Exit);
    }

    [Fact]
    public async Task A_document_is_one_line_whatever_its_length()
    {
        var document = "{\n  \"a\": [\n    \"" + new string('y', 10_000) + "\"\n  ]\n}\n";
        var outputs = await SaidAsync(document, "a note\n", 0, null, json: true);
        Assert.Equal("{\"a\":[\"" + new string('y', 10_000) + "\"]}", outputs.Single(o => o.Line is not null).Line);

        Assert.DoesNotContain(await SaidAsync("no json", "", 1, null, json: true), o => o.Line is not null);
        Assert.DoesNotContain(await SaidAsync("", "", 1, null, json: true), o => o.Line is not null);
        var huge = await SaidAsync("\"" + new string('z', CommandSink.MostInDocument) + "\"", "", 0, null, json: true);
        Assert.Contains("ask for less", huge[0].Note, StringComparison.Ordinal);
        Assert.Equal(2, huge.Count);
    }

    private static async Task<List<CommandOutput>> SaidAsync(string output, string errors, int exit, string? stopped, bool json = false)
    {
        var sink = new CommandSink();
        var said = new List<CommandOutput>();
        async Task ReadAsync()
        {
            await foreach (var one in sink.Outputs.ReadAllAsync(TestContext.Current.CancellationToken))
            {
                said.Add(one);
            }
        }

        async Task SpeakAsync()
        {
            using var text = new StringReader(output);
            await (json ? sink.DocumentAsync(text) : sink.LinesAsync(text));
            await sink.NotesAsync(new StringReader(errors));
            await sink.EndAsync(exit, stopped);
        }

        await Task.WhenAll(ReadAsync(), SpeakAsync());
        return said;
    }
}
