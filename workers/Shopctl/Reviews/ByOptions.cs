using System.CommandLine;
using System.Security.Cryptography;
using CardShop.Shop.Payments;
using CardShop.Shopctl.Terminal;

namespace CardShop.Shopctl.Reviews;

/// <summary>Who decides, and under which id: the same id again does nothing.</summary>
internal sealed class ByOptions
{
    public Option<string?> Operator { get; } =
        new("--operator") { Description = "Who decides (the user of this machine).", HelpName = "NAME" };

    public Option<string?> CommandId { get; } = new("--command-id")
    {
        Description = "Makes a repeat of this command harmless (a fresh one).",
        HelpName = "ID",
    };

    public OperatorAct From(ParseResult arguments, Session session) => new(
        ReviewCommands.Text(
            arguments.GetValue(CommandId) ?? RandomNumberGenerator.GetHexString(16, lowercase: true), "--command-id"),
        ReviewCommands.Text(arguments.GetValue(Operator) ?? Environment.UserName, "--operator"),
        session.Time.GetUtcNow());
}
