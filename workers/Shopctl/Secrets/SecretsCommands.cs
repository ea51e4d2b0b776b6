using System.CommandLine;
using CardShop.Shop.Orders;
using CardShop.Shopctl.Housekeeping;
using CardShop.Shopctl.Settings;
using CardShop.Shopctl.Terminal;

namespace CardShop.Shopctl.Secrets;

/// <summary><c>shopctl secrets</c>: names of secrets, never their values.</summary>
public static class SecretsCommands
{
    public static Command Create(Session session) => new("secrets", "The installation's secrets.")
    {
        Init(session), new Command("rotate", "New secrets beside the old ones.") { RotateKek(session) }, Operator(session),
        ExpireMonths.Create(session),
    };

    private static Command Init(Session session)
    {
        var init = new Command("init", "Creates the secrets that are missing in Secrets__Directory; present ones stay.");
        session.Bind(init, (_, _) => Guarded(() =>
        {
            var directory = session.Settings.SecretsDirectory;
            var created = ShopSecrets.Create(directory);
            ShopSecrets.Open(directory);
            session.Screen.Line(created.Count == 0
                ? $"Nothing to create: all secrets are in {directory}."
                : $"Created in {directory}: {string.Join(", ", created)}. Back them up: without them no key can be opened.");
        }));
        return init;
    }

    private static Command RotateKek(Session session)
    {
        var stage = new Option<bool>("--stage")
        {
            Description = "Creates it, and leaves the present one in use until --activate.",
        };
        var activate = new Option<string?>("--activate")
        {
            Description = "Creates nothing; from now on this one seals.",
            HelpName = "KEK",
        };
        var kek = new Command(
            "kek",
            """
            Creates the next key-encryption key in Secrets__Directory; old ones stay, for what they sealed.
            Processes that run find it when they first meet it, without restart. One folder for all: run this, then
            'shopctl keys rotate'. A folder per host: 1. --stage, 2. copy the new file to every host that runs the API or
            shopctl or the notifications fleet (others need none), 3. --activate KEK on the hosts that run shopctl, 4. 'shopctl keys rotate'. In this order
            every key can be opened at every moment. An old key-encryption key is removed only when no backup of PostgreSQL
            and no record of shop.key-batches.v1 that is still kept was sealed with it, and every webhook made before has a new
            secret ('shopctl partner webhook rotate').
            """)
        {
            stage, activate,
        };
        session.Bind(kek, (arguments, _) => Guarded(() =>
        {
            var directory = session.Settings.SecretsDirectory;
            var staged = arguments.GetValue(stage);
            if (arguments.GetValue(activate) is { } id)
            {
                if (staged || !ShopSecrets.Open(directory).KeyEncryptionKeys.ContainsKey(id))
                {
                    throw new ShopctlException(ExitCodes.Usage, $"There is no {id} to activate in {directory}.");
                }

                ShopSecrets.ActivateKeyEncryptionKey(directory, id);
                session.Screen.Line($"{id} seals from now on. Next: shopctl keys rotate.");
                return;
            }

            var created = ShopSecrets.AddKeyEncryptionKey(directory, staged);
            session.Screen.Line(staged
                ? $"Created {created} in {directory}. Copy it to the other hosts, then: shopctl secrets rotate kek --activate {created}."
                : $"Created {created} in {directory}; it seals from now on. Back it up. Next: shopctl keys rotate.");
        }));
        return kek;
    }

    private static Command Operator(Session session)
    {
        var name = new Argument<string>("NAME") { Description = "Who it is for." };
        var file = new Argument<string>("FILE") { Description = "The new key file, for the operator to keep." };
        var command = new Command(
            "operator",
            "Makes an operator's key file. The installation keeps its hash alone; what needs two operators takes two such files.")
        {
            name, file,
        };
        session.Bind(command, (arguments, _) => Guarded(() =>
        {
            OperatorKeys.Create(
                session.Settings.SecretsDirectory, arguments.GetValue(name)!, arguments.GetValue(file)!);
            session.Screen.Line($"{arguments.GetValue(file)} is the key of {arguments.GetValue(name)}.");
        }));
        return command;
    }

    private static Task<int> Guarded(Action work)
    {
        try
        {
            work();
            return Task.FromResult(ExitCodes.Ok);
        }
        catch (Exception e) when (
            e is IOException or UnauthorizedAccessException or (InvalidOperationException and not ShopctlException))
        {
            throw new ShopctlException(
                ExitCodes.Usage, $"{e.Message.TrimEnd('.')}. Check the folder that {ShopctlSettings.SecretsName} names.", e);
        }
    }
}
