using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using CardShop.Shopctl.Settings;
using CardShop.Shopctl.Terminal;
using Xunit;

namespace CardShop.Tests.Unit.Shopctl;

/// <summary>What holds of all commands, also of those that come later.</summary>
public sealed class When_every_command_is_walked : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);

    /// <summary>Commands that need no server.</summary>
    private static readonly string[] Alone = ["completion", "secrets", "operators list", "backup schedule", "pod"];

    private readonly CommandWalk _walk = new();

    [Fact]
    public void Each_has_a_description_and_so_has_every_option_and_argument()
    {
        var bare = new List<string>();
        foreach (var (path, command) in All(CommandTree.Create(_walk.Stopped(TextWriter.Null, TextWriter.Null)), "shopctl"))
        {
            bare.AddRange(command.Options.OfType<Symbol>().Concat(command.Arguments).Append(command)
                .Where(s => string.IsNullOrWhiteSpace(s.Description)).Select(s => $"{path}: {s.Name}"));
        }

        Assert.Empty(bare);
    }

    [Fact]
    public async Task Each_help_ends_with_the_exit_codes()
    {
        var root = CommandTree.Create(_walk.Stopped(TextWriter.Null, TextWriter.Null));
        foreach (var (path, _) in All(root, string.Empty))
        {
            using var output = new StringWriter();
            var code = await root.Parse([.. path.Split(' ', StringSplitOptions.RemoveEmptyEntries), "--help"]).InvokeAsync(
                new() { Output = output }, TestContext.Current.CancellationToken);
            Assert.Equal(ExitCodes.Ok, code);
            Assert.EndsWith(ExitCodes.Help.TrimEnd(), output.ToString().TrimEnd(), StringComparison.Ordinal);
            Assert.Contains("Description:", output.ToString(), StringComparison.Ordinal);
        }

        foreach (var code in typeof(ExitCodes).GetFields().Where(f => f is { IsLiteral: true } && f.FieldType == typeof(int)))
        {
            Assert.Contains($"  {code.GetRawConstantValue()}  ", ExitCodes.Help, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task On_a_stopped_system_each_says_within_five_seconds_what_cannot_be_reached()
    {
        var wrong = new List<string>();
        var unreachable = new List<string>();
        var commands = CommandWalk.Commands(CommandTree.Create(_walk.Stopped(TextWriter.Null, TextWriter.Null))).ToList();
        foreach (var (path, command) in commands)
        {
            using var results = new StringWriter();
            using var errors = new StringWriter();
            var line = _walk.Line(path, command);
            var watch = Stopwatch.StartNew();
            var code = await CommandTree.RunAsync(_walk.Stopped(results, errors), line);
            var took = watch.Elapsed;
            var said = errors.ToString();
            var names = said.Contains(CommandWalk.Place, StringComparison.Ordinal);
            var isRight = code switch
            {
                ExitCodes.Ok => Alone.Contains(path.Split(' ')[0]) || Alone.Contains(path),
                ExitCodes.Usage => said.Length > 0,
                ExitCodes.Unreachable => names,
                // Refused before anything is asked of a server: an operator who does not say who he is.
                ExitCodes.Failed or 4 => said.Contains("operator", StringComparison.Ordinal),
                _ => false,
            };
            if (!isRight || took > Limit || (results + said).Contains(CommandWalk.Password, StringComparison.Ordinal))
            {
                wrong.Add(string.Create(CultureInfo.InvariantCulture, $"{string.Join(' ', line)}: {code} in {took.TotalSeconds:F1} s: {said}"));
            }

            if (code == ExitCodes.Unreachable)
            {
                unreachable.Add(path);
            }

            TestContext.Current.SendDiagnosticMessage($"{string.Join(' ', line)}: {code} in {took.TotalSeconds:F1} s");
        }

        Assert.Empty(wrong);
        string[] must =
        [
            "lag", "audit", "stock", "channels", "preflight", "verify", "incident", "migrate", "product list", "product add",
            "product change", "order", "demo", "demo seed", "review list", "partner list", "mails", "keys batches",
        ];
        Assert.Empty(must.Except(unreachable));
    }

    [Theory]
    [InlineData("prod", 4, "product")]
    [InlineData("product ", 8, "add change list show")]
    [InlineData("product add A --pr", 18, "--price")]
    [InlineData("channels off ", 13, "alipay")]
    public async Task A_shell_is_told_what_may_come_next(string line, int position, string expected)
    {
        using var output = new StringWriter();
        await CommandTree.Create(_walk.Stopped(TextWriter.Null, TextWriter.Null))
            .Parse([string.Create(CultureInfo.InvariantCulture, $"[suggest:{position}]"), line])
            .InvokeAsync(new() { Output = output }, TestContext.Current.CancellationToken);
        var lines = output.ToString().Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        Assert.All(expected.Split(' '), word => Assert.Contains(word, lines));
    }

    [Fact]
    public async Task The_script_for_bash_asks_for_the_word_under_the_cursor()
    {
        // Bash with a shopctl that says what it was asked, and answers as one.
        const string Probe =
            """

            shopctl() { printf '%s|%s\n' "$1" "$2" >&2; printf 'add\nlist\nshow\n'; }
            COMP_LINE='shopctl product l'; COMP_POINT=17; COMP_WORDS=(shopctl product l); COMP_CWORD=2
            _shopctl 2>&1
            printf 'reply %s\n' "${COMPREPLY[@]}"
            """;
        using var bash = Process.Start(new ProcessStartInfo("bash")
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        await bash.StandardInput.WriteAsync((CompletionCommand.Script("bash") + Probe).Replace("2>/dev/null", "", StringComparison.Ordinal));
        bash.StandardInput.Close();
        var said = await bash.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await bash.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(0, bash.ExitCode);
        Assert.Contains("[suggest:9]|product l", said + await bash.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.EndsWith("reply list", said.TrimEnd(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("zsh")]
    [InlineData("fish")]
    public void The_other_scripts_ask_the_same_way(string shell) =>
        Assert.Contains("[suggest:", CompletionCommand.Script(shell), StringComparison.Ordinal);

    [Theory]
    [InlineData("product add A --price abc", "a whole number")]
    [InlineData("partner rotate acme --overlap-hours x", "a number")]
    public async Task A_mistyped_number_is_told_in_words(string line, string expected)
    {
        using var errors = new StringWriter();
        var code = await CommandTree.RunAsync(_walk.Stopped(TextWriter.Null, errors), line.Split(' '));
        Assert.Equal(ExitCodes.Usage, code);
        Assert.Contains(expected, errors.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("System.", errors.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("product add --price 1 --name n", "Missing: <SKU>.")]
    [InlineData("keys import A", "Missing: <FILE>.")]
    [InlineData("refund", "Missing: <ORDER>.")]
    public async Task What_is_missing_is_named(string line, string expected)
    {
        using var errors = new StringWriter();
        Assert.Equal(ExitCodes.Usage, await CommandTree.RunAsync(_walk.Stopped(TextWriter.Null, errors), line.Split(' ')));
        Assert.Contains(expected, errors.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Cannot parse argument '1,5' for option '--n' as expected type 'System.Nullable`1[System.Int32]'.", "a whole number")]
    [InlineData("Cannot parse argument 'x' for option '--at' as expected type 'System.DateTimeOffset'.", "a time such as")]
    [InlineData("Cannot parse argument 'x' for option '--k' as expected type 'CardShop.Something'.", "see --help")]
    public void No_type_of_the_platform_is_named(string message, string expected)
    {
        var plain = ParseErrors.Plain(message);
        Assert.Contains(expected, plain, StringComparison.Ordinal);
        Assert.DoesNotContain("expected type", plain, StringComparison.Ordinal);
        Assert.Equal("Required argument missing.", ParseErrors.Plain("Required argument missing."));
    }

    public void Dispose() => _walk.Dispose();

    private static IEnumerable<(string Path, Command Command)> All(Command command, string path) =>
        command.Subcommands.SelectMany(s => All(s, (path + " " + s.Name).Trim())).Prepend((path, command));
}
