using System.CommandLine;
using CardShop.Shopctl.Settings;

namespace CardShop.Shopctl.Terminal;

/// <summary>
/// <c>shopctl completion</c>: scripts by which a shell asks shopctl itself, through the parser's <c>[suggest:POSITION]</c>
/// directive, what may stand where the cursor is. Commands and options that come later need no new script.
/// </summary>
public static class CompletionCommand
{
    private const string Bash =
        """
        # shopctl's completion. Use it:  source <(shopctl completion bash)
        _shopctl() {
            local line="${COMP_LINE:0:COMP_POINT}" word="${COMP_WORDS[COMP_CWORD]}" rest IFS=$'\n'
            rest="${line#*[[:space:]]}"
            COMPREPLY=($(compgen -W "$("${COMP_WORDS[0]}" "[suggest:${#rest}]" "$rest" 2>/dev/null)" -- "$word"))
        }
        complete -o default -F _shopctl shopctl
        """;

    private const string Zsh =
        """
        #compdef shopctl
        # shopctl's completion. Use it:  source <(shopctl completion zsh)
        _shopctl() {
            local rest="${BUFFER[1,CURSOR]}"
            local -a found
            rest="${rest#*[[:space:]]}"
            found=("${(@f)$("${words[1]}" "[suggest:${#rest}]" "$rest" 2>/dev/null)}")
            if [[ -n "${found[1]}" ]]; then compadd -- "${found[@]}"; else _files; fi
        }
        compdef _shopctl shopctl
        """;

    private const string Fish =
        """
        # shopctl's completion. Use it:  shopctl completion fish | source
        function __shopctl_complete
            set -l rest (commandline -cp | string replace -r '^\s*\S+\s' '')
            set -l words (commandline -po)
            command $words[1] "[suggest:"(string length -- "$rest")"]" "$rest" 2>/dev/null
        end
        complete -c shopctl -a '(__shopctl_complete)'
        """;

    public static Command Create(Session session)
    {
        var shell = new Argument<string>("SHELL") { Description = "bash, zsh or fish." };
        shell.AcceptOnlyFromAmong("bash", "zsh", "fish");
        var completion = new Command(
            "completion", "Prints a script that completes commands and options on TAB: source <(shopctl completion bash)")
        {
            shell,
        };
        session.Bind(completion, (arguments, _) =>
        {
            session.Screen.Line(Script(arguments.GetValue(shell)!));
            return Task.FromResult(ExitCodes.Ok);
        });
        return completion;
    }

    /// <param name="shell">bash, zsh or fish.</param>
    public static string Script(string shell) => shell switch
    {
        "bash" => Bash,
        "zsh" => Zsh,
        "fish" => Fish,
        _ => throw new ShopctlException(ExitCodes.Usage, "There are scripts for bash, zsh and fish."),
    };
}
