using System.CommandLine;
using System.CommandLine.Completions;
using CardShop.Shop.Orders;
using CardShop.Shopctl.Settings;
using CardShop.Shopctl.Terminal;

namespace CardShop.Tests.Unit.Shopctl;

/// <summary>
/// Every command of the tree, with the fewest arguments that it takes: found from the tree itself, so that a command which
/// comes later is walked without being named here.
/// </summary>
internal sealed class CommandWalk : IDisposable
{
    public const string Password = "topsecret";
    public const string Place = "127.0.0.1:1";

    private readonly string _folder = Directory.CreateTempSubdirectory("cardshop-walk").FullName;
    private int _files;

    public CommandWalk() => ShopSecrets.Create(Secrets);

    private string Secrets => Path.Combine(_folder, "secrets");

    /// <summary>Settings of a system of which nothing listens: its ports are refused at once.</summary>
    public Session Stopped(TextWriter results, TextWriter errors) => new(
        new(name => name switch
        {
            ShopctlSettings.KafkaName => Place,
            ShopctlSettings.RabbitName => $"amqp://user:{Password}@{Place}/",
            ShopctlSettings.PostgresName => $"Host=127.0.0.1;Port=1;Username=user;Password={Password}",
            ShopctlSettings.SecretsName => Secrets,
            ShopctlSettings.ApiName or ShopctlSettings.SandboxName => "http://" + Place,
            "Local" => "true",
            _ => null,
        }),
        TimeProvider.System, new Screen(results, errors));

    /// <summary>All commands that do something, with their words.</summary>
    public static IEnumerable<(string Path, Command Command)> Commands(Command command, string path = "")
    {
        if (command.Action is not null && command is not RootCommand)
        {
            yield return (path, command);
        }

        foreach (var found in command.Subcommands.SelectMany(s => Commands(s, (path + " " + s.Name).Trim())))
        {
            yield return found;
        }
    }

    public string[] Line(string path, Command command) =>
    [
        .. path.Split(' '),
        .. command.Arguments.Where(a => a.Arity.MinimumNumberOfValues > 0)
            .Select(a => Value(a.Name, a.ValueType, a.GetCompletions(CompletionContext.Empty))),
        .. command.Options.Where(o => o.Required)
            .SelectMany(o => new[] { o.Name, Value(o.HelpName ?? o.Name, o.ValueType, o.GetCompletions(CompletionContext.Empty)) }),
    ];

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string Value(string name, Type type, IEnumerable<CompletionItem> choices)
    {
        if (choices.FirstOrDefault() is { } choice)
        {
            return choice.Label;
        }

        var upper = name.ToUpperInvariant();
        return type != typeof(string) && type != typeof(string[]) ? type == typeof(Guid) ? Guid.Empty.ToString() : "1"
            : upper.Contains("OUT", StringComparison.Ordinal) ? Path.Combine(_folder, $"out{_files++}")
            : upper.Contains("FILE", StringComparison.Ordinal) ? NewFile()
            : upper.Contains("URL", StringComparison.Ordinal) ? "http://" + Place
            : upper.Contains("SKU", StringComparison.Ordinal) ? "SKU"
            : upper.Contains("ORDER", StringComparison.Ordinal) || upper == "ID" ? OrderIds.Fresh('a', new byte[16])
            : upper.Contains("KEY", StringComparison.Ordinal) ? Guid.Empty.ToString()
            : upper.Contains("TIME", StringComparison.Ordinal) || upper is "--FROM" or "--TO" ? "1h"
            : upper.Contains("DATE", StringComparison.Ordinal) ? "2026-03-05"
            : "some-name";
    }

    private string NewFile()
    {
        var file = Path.Combine(_folder, $"file{_files++}");
        File.WriteAllText(file, "some text\n");
        return file;
    }
}
