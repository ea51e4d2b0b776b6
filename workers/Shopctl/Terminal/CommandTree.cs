using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using CardShop.Shopctl.Audit;
using CardShop.Shopctl.Backup;
using CardShop.Shopctl.Channels;
using CardShop.Shopctl.DeadLetters;
using CardShop.Shopctl.Demo;
using CardShop.Shopctl.Errors;
using CardShop.Shopctl.Housekeeping;
using CardShop.Shopctl.Incident;
using CardShop.Shopctl.Keys;
using CardShop.Shopctl.Mails;
using CardShop.Shopctl.Operators;
using CardShop.Shopctl.Orders;
using CardShop.Shopctl.Partners;
using CardShop.Shopctl.Preflight;
using CardShop.Shopctl.Products;
using CardShop.Shopctl.Reconcile;
using CardShop.Shopctl.Recover;
using CardShop.Shopctl.Replay;
using CardShop.Shopctl.Reviews;
using CardShop.Shopctl.Lag;
using CardShop.Shopctl.Schema;
using CardShop.Shopctl.Secrets;
using CardShop.Shopctl.Settings;
using CardShop.Shopctl.Statistics;
using CardShop.Shopctl.Stock;
using CardShop.Shopctl.Verify;

namespace CardShop.Shopctl.Terminal;

/// <summary>All commands, and how any of them ends.</summary>
public static class CommandTree
{
    /// <returns>The exit code.</returns>
    public static Task<int> RunAsync(IReadOnlyList<string> arguments) =>
        RunAsync(new Session(ShopctlSettings.FromEnvironment(), TimeProvider.System, new Screen()), arguments);

    /// <returns>The exit code.</returns>
    public static async Task<int> RunAsync(Session session, IReadOnlyList<string> arguments)
    {
        var result = Create(session).Parse(arguments);
        if (result.Action is ParseErrorAction)
        {
            foreach (var error in result.Errors)
            {
                session.Screen.Error(ParseErrors.Plain(error));
            }

            session.Screen.Error($"See: {PathOf(result.CommandResult.Command)} --help");
            return ExitCodes.Usage;
        }

        var stop = session.Settings.HasParent ? ParentInput.Watch() : CancellationToken.None;

        // A stopped import still says what it has done.
        return await result.InvokeAsync(
            new() { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = TimeSpan.FromSeconds(20) }, stop);
    }

    /// <summary>The tree of commands, for parsing and for tests of it.</summary>
    public static RootCommand Create(Session session)
    {
        var root = new RootCommand("shopctl: the operators' command line of CardShop.")
        {
            SecretsCommands.Create(session),
            MigrateCommand.Create(session),
            ProductCommands.Create(session),
            KeysCommands.Create(session),
            OrderCommand.Create(session),
            ReviewCommands.Create(session),
            ReviewCommands.CreateRefund(session),
            ReconcileCommand.Create(session),
            RecoverCommand.Create(session),
            PartnerCommands.Create(session),
            MailsCommands.Create(session),
            ReplayCommand.Create(session),
            DeadLetterCommands.Create(session),
            ErrorsCommands.Create(session),
            OperatorsCommands.Create(session),
            ApprovalsCommands.Create(session),
            DemoCommands.Create(session),
            AuditCommand.Create(session),
            LagCommand.Create(session),
            BackupCommands.Create(session),
            RestoreCommand.Create(session),
            HousekeepingCommands.Create(session),
            BuyerCommands.Create(session),
            StockCommand.Create(session),
            StatisticsCommand.Create(session),
            ChannelsCommand.Create(session),
            PreflightCommand.Create(session),
            VerifyCommand.Create(session),
            IncidentCommand.Create(session),
            CompletionCommand.Create(session),
            PodCommands.Create(session),
        };
        foreach (var help in root.Options.OfType<HelpOption>())
        {
            help.Action = new HelpWithExitCodes((HelpAction)help.Action!);
        }

        return root;
    }

    private static string PathOf(Command command) =>
        command.Parents.OfType<Command>().FirstOrDefault() is { } parent
            ? PathOf(parent) + " " + command.Name
            : "shopctl";

    private sealed class HelpWithExitCodes(HelpAction inner) : SynchronousCommandLineAction
    {
        public override bool ClearsParseErrors => true;

        public override int Invoke(ParseResult parseResult)
        {
            // The library names the assembly; operators know the command.
            var output = parseResult.InvocationConfiguration.Output;
            using var text = new StringWriter();
            parseResult.InvocationConfiguration.Output = text;
            var code = inner.Invoke(parseResult);
            parseResult.InvocationConfiguration.Output = output;
            var help = text.ToString().Replace(RootCommand.ExecutableName, "shopctl", StringComparison.Ordinal);
            output.WriteLine(help.TrimEnd());
            output.WriteLine();
            output.WriteLine(ExitCodes.Help);
            return code;
        }
    }
}
