using System.CommandLine;
using CardShop.Shop.Operators;

namespace CardShop.Shopctl.Operators;

/// <summary>The options that every changing command shares; <see cref="SessionOperators"/> finds them by name.</summary>
public static class OperatorOptions
{
    public const string KeyFile = "--operator-key-file";
    public const string Why = "--why";
    public const string Approval = "--approval";
    public const string CommandId = "--command-id";

    /// <summary>Why something is done. <c>--reason</c> is the same.</summary>
    /// <param name="required">False where only the audit keeps it.</param>
    public static Option<string?> WhyOption(string description, bool required = true) =>
        new(Why, "--reason") { Description = description, HelpName = "TEXT", Required = required };

    /// <summary>
    /// Says that a command takes an operator: adds the options that it does not have yet, and a line to its help. Call it
    /// when the command has its own options.
    /// </summary>
    /// <param name="action">What it does, as dangerous as it can be.</param>
    /// <returns>The same command.</returns>
    public static Command Takes(this Command command, OperatorAction action)
    {
        Add(command, new Option<string?>(KeyFile)
        {
            Description = "A file with the operator's key (environment variable CARDSHOP_OPERATOR_KEY).",
            HelpName = "FILE",
        });
        Add(command, WhyOption("Why; it is kept in the audit.", required: false));
        if (action.IsDangerous)
        {
            Add(command, new Option<string?>(Approval)
            {
                Description = "The approval that a second operator gave ('shopctl approvals').",
                HelpName = "ID",
            });
        }

        command.Description = $"{command.Description?.TrimEnd()}\n\nTakes an operator's key, role {Operator.NameOf(action.Least)} or above" +
            (action.IsDangerous ? "; a second operator approves it." : ".");
        return command;
    }

    /// <summary>What was said for an option of the command that runs; null where it has no such option.</summary>
    internal static string? ValueOf(ParseResult? arguments, string name) =>
        arguments?.CommandResult.Command.Options.FirstOrDefault(o => o.Name == name) is Option<string> option
            ? arguments.GetValue(option)
            : null;

    private static void Add(Command command, Option option)
    {
        if (command.Options.All(o => o.Name != option.Name))
        {
            command.Options.Add(option);
        }
    }
}
