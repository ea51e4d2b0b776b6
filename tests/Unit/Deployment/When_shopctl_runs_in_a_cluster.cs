using System.Diagnostics;
using CardShop.Tests.Unit.Partners;
using Xunit;

namespace CardShop.Tests.Unit.Deployment;

/// <summary>k8s/shopctl with a kubectl that notes what it is told: keys go into the pod by standard input, and nowhere else.</summary>
public sealed class When_shopctl_runs_in_a_cluster : IDisposable
{
    private const string Secret = "AAAA-1111-SECRET";

    /// <summary>Notes each call and what came by standard input; its pod keeps files in a folder, and its command does as $COMMAND says.</summary>
    private const string Kubectl = """
        #!/usr/bin/env bash
        echo "$*" >>"$NOTES/calls"
        case " $* " in
            *" exec "*)
                while [ "$1" != CardShop.Shopctl.dll ]; do shift; done
                shift
                case "$1 ${2:-}" in
                    "pod take") cat >"$NOTES/pod-$(basename "$3")" ;;
                    "pod give") cat "$NOTES/pod-$(basename "$3")" ;;
                    *) cat >"$NOTES/stdin"; eval "${COMMAND:-true}" ;;
                esac ;;
            *" get cronjob "* | *" get chaosengine "*) [ -z "${AWAY:-}" ] || { printf 'E1 memcache.go: refused\nThe connection was refused\n' >&2; exit 1; } ;;
            *" create secret "*) cat >"$NOTES/secret" ;;
            *" patch "* | *" apply "*) cat >>"$NOTES/objects"; echo '{}' ;;
            *terminated.exitCode*) echo 5 ;;
            *metadata.name*) echo shopctl-pod ;;
        esac
        """;

    private readonly string _folder = Directory.CreateTempSubdirectory("cardshop-cluster").FullName;
    private string _errors = string.Empty;

    public When_shopctl_runs_in_a_cluster()
    {
        var program = Path.Combine(_folder, "kubectl");
        File.WriteAllText(program, Kubectl);
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }

        File.WriteAllText(Path.Combine(_folder, "keys.txt"), Secret + "\n");
    }

    [Fact]
    public async Task A_command_without_files_is_a_job_and_its_exit_code_is_the_jobs()
    {
        Assert.Equal(5, await RunAsync(["lag"]));
        Assert.Contains("\"value\":[\"lag\"]", Calls, StringComparison.Ordinal);
        Assert.DoesNotContain(" exec ", Calls, StringComparison.Ordinal);
        Assert.Contains("delete job", Calls, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_goes_in_by_standard_input_alone()
    {
        Assert.Equal(0, await RunAsync(["--in", "keys.txt", "keys", "import", "CARD", "keys.txt", "--why", "w"], key: "the-operators-key"));
        Assert.Equal(Secret + "\n", Noted("pod-keys.txt"));
        Assert.Contains($"pod take /run/files/keys.txt --bytes {Secret.Length + 1}", Calls, StringComparison.Ordinal);
        Assert.Contains("keys import CARD /run/files/keys.txt --why w", Calls, StringComparison.Ordinal);
        Assert.Contains("\"medium\":\"Memory\"", Calls, StringComparison.Ordinal);
        var objects = Calls + Noted("objects");
        Assert.DoesNotContain(Secret, objects, StringComparison.Ordinal);
        Assert.DoesNotContain("the-operators-key", objects, StringComparison.Ordinal);
        Assert.Equal("the-operators-key", Noted("secret"));
        Assert.Contains("delete secret", Calls, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Standard_input_is_the_commands_where_it_asks_for_it()
    {
        Assert.Equal(0, await RunAsync(["keys", "import", "CARD", "-", "--bytes", "3"], input: "abc"));
        Assert.Equal("abc", Noted("stdin"));
    }

    [Theory]
    [InlineData("partner add acme --name N")]
    [InlineData("partner rotate acme")]
    [InlineData("partner webhook add acme https://example.org/hook --event cardshop.order.delivered.v1")]
    [InlineData("partner webhook rotate wh_1")]
    public async Task A_new_secret_is_shown_and_stands_in_no_log(string line)
    {
        Assert.Equal(0, await RunAsync(line.Split(' ')));
        Assert.Contains("\"value\":[\"pod\",\"wait\"", Calls, StringComparison.Ordinal);
        Assert.Contains(" exec ", Calls, StringComparison.Ordinal);
        Assert.DoesNotContain(" logs ", Calls, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_it_makes_comes_out_and_its_exit_code_is_kept()
    {
        Assert.Equal(1, await RunAsync(
            ["--in", "keys.txt", "--out", "report.csv", "keys", "import", "CARD", "keys.txt", "--report", "report.csv"],
            command: "echo line >$NOTES/pod-report.csv; exit 1"));
        var made = Path.Combine(_folder, "report.csv");
        Assert.Equal("line\n", Noted("report.csv"));
        Assert.True(OperatingSystem.IsWindows() || File.GetUnixFileMode(made) == (UnixFileMode.UserRead | UnixFileMode.UserWrite));
    }

    [Fact]
    public async Task A_file_that_was_not_made_is_a_failure() =>
        Assert.Equal(1, await RunAsync(["--out", "report.md", "incident", "--from", "1h", "--out", "report.md"]));

    [Theory]
    [InlineData("--in keys.txt keys import CARD other.txt")]
    [InlineData("--in absent.txt keys import CARD absent.txt")]
    [InlineData("--out keys.txt incident --from 1h --out keys.txt")]
    [InlineData("--in")]
    public async Task Wrong_files_are_found_before_a_pod_is_made(string line)
    {
        Assert.Equal(2, await RunAsync(line.Split(' ')));
        Assert.False(File.Exists(Path.Combine(_folder, "calls")));
    }

    [Fact]
    public async Task Without_a_cluster_it_says_one_sentence()
    {
        Assert.Equal(3, await RunAsync(["lag"], away: true));
        var said = Assert.Single(_errors.TrimEnd().Split('\n'));
        Assert.Contains("The connection was refused", said, StringComparison.Ordinal);
        Assert.Contains("use-context", said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task So_does_a_drill()
    {
        Assert.Equal(3, await RunAsync(["kill-api", "--yes"], away: true, script: "chaos/drill"));
        Assert.Single(_errors.TrimEnd().Split('\n'));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string Calls => Noted("calls");

    private string Noted(string name) => File.ReadAllText(Path.Combine(_folder, name));

    private async Task<int> RunAsync(
        string[] arguments, string? key = null, string input = "", string command = "true", bool away = false, string script = "shopctl")
    {
        var start = new ProcessStartInfo("bash", [Repository.Folder(["k8s", .. script.Split('/')]), .. arguments])
        {
            WorkingDirectory = _folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["PATH"] = _folder + ":" + start.Environment["PATH"];
        start.Environment["NOTES"] = _folder;
        start.Environment["COMMAND"] = command;
        start.Environment["AWAY"] = away ? "yes" : string.Empty;
        start.Environment["CARDSHOP_OPERATOR_KEY"] = key ?? string.Empty;
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        var output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.StandardInput.WriteAsync(input);
        process.StandardInput.Close();
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        await output;
        _errors = await errors;
        return process.ExitCode;
    }
}
