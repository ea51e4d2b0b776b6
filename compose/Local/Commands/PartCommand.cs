using System.Text.Json;
using CardShop.Local.Instance;
using CardShop.Local.Supervision;
using CardShop.Local.Terminal;
using Spectre.Console;

namespace CardShop.Local.Commands;

/// <summary>compose/part: shows the parts, stops, starts or kills one.</summary>
internal static class PartCommand
{
    private const int WidthOfPipes = 200;

    public static async Task<int> StatusAsync(InstanceLayout layout, bool json, CancellationToken cancellationToken)
    {
        if (await AskAsync(layout, new ControlRequest("status"), cancellationToken) is not { } answer)
        {
            return 1;
        }

        if (json)
        {
            Console.WriteLine(JsonSerializer.Serialize(answer, ControlJson.Default.ControlResponse));
            return 0;
        }

        var console = AnsiConsole.Console;
        if (Console.IsOutputRedirected)
        {
            console = AnsiConsole.Create(new AnsiConsoleSettings { Ansi = AnsiSupport.No, ColorSystem = ColorSystemSupport.NoColors });
            console.Profile.Width = WidthOfPipes;
        }

        console.Write(PartTable.Build(answer.Parts, part => part.Note));
        return 0;
    }

    public static async Task<int> DoAsync(InstanceLayout layout, string action, string part, CancellationToken cancellationToken)
    {
        if (await AskAsync(layout, new ControlRequest(action, part), cancellationToken) is not { } answer)
        {
            return 1;
        }

        await (answer.Ok ? Console.Out : Console.Error).WriteLineAsync(answer.Ok ? answer.Message : "error: " + answer.Message);
        return answer.Ok ? 0 : 1;
    }

    private static async Task<ControlResponse?> AskAsync(InstanceLayout layout, ControlRequest request, CancellationToken cancellationToken)
    {
        var answer = await new ControlClient(layout.Supervisor.Socket).AskAsync(request, cancellationToken);
        if (answer is null)
        {
            await Console.Error.WriteLineAsync("error: no shop runs in this folder; start it with compose/up --detach");
        }

        return answer;
    }
}
