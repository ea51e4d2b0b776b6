using System.CommandLine;
using CardShop.Local.Commands;
using CardShop.Local.Instance;
using CardShop.Local.Parts;

var time = TimeProvider.System;
var folder = new Option<string?>("--folder") { Description = "where the instance keeps everything (default: .local)", Recursive = true };
InstanceLayout Layout(ParseResult parsed) => InstanceLayout.Around(AppContext.BaseDirectory, parsed.GetValue(folder));

var detach = new Option<bool>("--detach") { Description = "run in the background; return when the shop is ready" };
var up = new Command("up", "start everything on this machine") { detach };
up.SetAction((parsed, cancel) => parsed.GetValue(detach)
    ? UpCommand.DetachAsync(Layout(parsed), time, cancel)
    : UpCommand.RunAsync(Layout(parsed), time));

var purge = new Option<bool>("--purge") { Description = "remove the data and secrets too" };
var down = new Command("down", "stop everything") { purge };
down.SetAction((parsed, cancel) => DownCommand.RunAsync(Layout(parsed), parsed.GetValue(purge), time, cancel));

var part = new Command("part", "one part: see it, stop, start or kill it");
var json = new Option<bool>("--json") { Description = "for programs" };
var status = new Command("status", "the table of parts") { json };
status.SetAction((parsed, cancel) => PartCommand.StatusAsync(Layout(parsed), parsed.GetValue(json), cancel));
part.Add(status);
foreach (var (action, text) in new (string, string)[]
{
    ("stop", "stop a part; it stays stopped"),
    ("start", "start a stopped part"),
    ("kill", "SIGKILL to a part, as a crash would have it; the supervisor starts it again"),
})
{
    var name = new Argument<string>("NAME") { Description = "the part, as part status names it" };
    var command = new Command(action, text) { name };
    command.SetAction((parsed, cancel) => PartCommand.DoAsync(Layout(parsed), action, parsed.GetValue(name)!, cancel));
    part.Add(command);
}

var root = new RootCommand("CardShop on one machine, without containers") { folder, up, down, part };
try
{
    // The start and stop have time limits of their own; Ctrl-C must not cut them short.
    return await root.Parse(args).InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null, EnableDefaultExceptionHandler = false });
}
catch (PartFailedException e)
{
    await Console.Error.WriteLineAsync("error: " + e.Message);
    return 1;
}
catch (Exception e) when (e is IOException or UnauthorizedAccessException)
{
    await Console.Error.WriteLineAsync("error: " + e.Message);
    return 1;
}
