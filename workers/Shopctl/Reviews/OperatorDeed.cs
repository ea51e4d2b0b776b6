using System.CommandLine;
using CardShop.Shop.Operators;
using CardShop.Shop.Payments;
using CardShop.Shopctl.Operators;
using CardShop.Shopctl.Terminal;

namespace CardShop.Shopctl.Reviews;

/// <summary>A decision about one order, before it is known that it may be taken.</summary>
/// <param name="Why">Null = what was said with <c>--why</c>.</param>
/// <param name="Message">Made once it may be: who decides, and under which id, which the same id again does not repeat.</param>
internal sealed record OperatorDeed(
    OperatorAction Action, string OrderId, string? Why, IReadOnlyList<(string Name, string? Value)> Parameters,
    Func<OperatorAct, CancellationToken, Task<PaymentMessage>> Message)
{
    public OperatorDeed(
        OperatorAction action, string orderId, string? why, IReadOnlyList<(string Name, string? Value)> parameters,
        Func<OperatorAct, PaymentMessage> message)
        : this(action, orderId, why, parameters, (act, _) => Task.FromResult(message(act)))
    {
    }
}

/// <summary>The id of a decision.</summary>
internal sealed class ByOptions
{
    private readonly Option<string?> _commandId = new(OperatorOptions.CommandId)
    {
        Description = "Makes a repeat of this command harmless (a fresh one; with --approval it is the approval's).",
        HelpName = "ID",
    };

    /// <summary>Of older versions: a name that anybody can type proves nothing.</summary>
    private readonly Option<string?> _name = new("--operator") { Hidden = true, Description = "Not looked at: the key says who it is." };

    public ByOptions(Command command)
    {
        command.Options.Add(_commandId);
        command.Options.Add(_name);
    }

    /// <summary>Checks what was said before anything is done.</summary>
    public void Check(ParseResult arguments, Session session)
    {
        if (arguments.GetValue(_commandId) is { } id)
        {
            ReviewCommands.Text(id, OperatorOptions.CommandId);
        }

        if (arguments.GetValue(_name) is not null)
        {
            session.Screen.Note("--operator is not looked at any more: the operator's key says who it is.");
        }
    }
}
