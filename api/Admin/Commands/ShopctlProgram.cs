using System.Diagnostics;
using System.Text;

namespace CardShop.Api.Admin.Commands;

/// <summary>The shopctl program beside this process, and the settings that it gets: no more than shopctl reads.</summary>
public sealed class ShopctlProgram
{
    public const string Setting = "Console:Shopctl";
    public const string SettingName = "Console__Shopctl";

    /// <summary>Sections that this process may have from elsewhere than its environment.</summary>
    private static readonly string[] Sections =
    [
        "Kafka", "RabbitMq", "Postgres", "Secrets", "Region", "Local", "Channels", "Operators", "Orders", "Payments", "Webhooks",
        "Mail", "Archive",
    ];

    private const string OperatorKeyName = "CARDSHOP_OPERATOR_KEY";

    /// <summary>Says that standard input is the wire to this process: see shopctl's ParentInput.</summary>
    private const string ParentName = "CARDSHOP_PARENT";

    private readonly string? _path;
    private readonly IReadOnlyDictionary<string, string> _settings;

    public ShopctlProgram(IConfiguration configuration)
    {
        _path = configuration[Setting] is { Length: > 0 } path ? path : null;
        _settings = configuration.AsEnumerable()
            .Where(s => s.Value is not null && Sections.Contains(s.Key.Split(':')[0]))
            .ToDictionary(s => s.Key.Replace(":", "__", StringComparison.Ordinal), s => s.Value!);
        if (_path is not null && !File.Exists(_path))
        {
            throw new InvalidOperationException($"Setting {SettingName} names no file: it is the path of the shopctl program.");
        }
    }

    /// <summary>False where the console runs no commands.</summary>
    public bool IsSet => _path is not null;

    /// <param name="key">The operator's: it goes into the child's environment and nowhere else.</param>
    /// <param name="watched">Its standard input is the wire; else it is data.</param>
    public ProcessStartInfo StartInfo(IReadOnlyList<string> words, string key, bool watched)
    {
        var path = _path ?? throw new InvalidOperationException($"Setting {SettingName} is missing.");
        var isAssembly = path.EndsWith(".dll", StringComparison.OrdinalIgnoreCase);
        var start = new ProcessStartInfo(isAssembly ? Host() : path)
        {
            UseShellExecute = false,
            CreateNoWindow = true,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardOutputEncoding = Encoding.UTF8,
            StandardErrorEncoding = Encoding.UTF8,
        };
        foreach (var word in isAssembly ? [path, .. words] : words)
        {
            start.ArgumentList.Add(word);
        }

        foreach (var (name, value) in _settings)
        {
            start.Environment[name] = value;
        }

        start.Environment[OperatorKeyName] = key;
        start.Environment[ParentName] = watched ? "1" : null;
        return start;
    }

    /// <summary>What an operator types instead.</summary>
    public static string TextOf(IReadOnlyList<string> words) => "shopctl " + string.Join(' ', words.Select(Quoted));

    private static string Quoted(string word) =>
        word.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '.' or '_' or ':' or '=' or '/')
            ? word
            : "'" + word.Replace("'", "'\\''", StringComparison.Ordinal) + "'";

    private static string Host() => Path.GetFileName(Environment.ProcessPath) == "dotnet"
        ? Environment.ProcessPath!
        : Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") is { Length: > 0 } host ? host : "dotnet";
}
