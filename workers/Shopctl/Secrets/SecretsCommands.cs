using System.CommandLine;
using CardShop.Shop.Operators;
using CardShop.Shop.Orders;
using CardShop.Shopctl.Housekeeping;
using CardShop.Shopctl.Operators;
using CardShop.Shopctl.Settings;
using CardShop.Shopctl.Terminal;

namespace CardShop.Shopctl.Secrets;

/// <summary><c>shopctl secrets</c>: names of secrets, never their values.</summary>
public static class SecretsCommands
{
    public static Command Create(Session session) => new("secrets", "The installation's secrets.")
    {
        Init(session), new Command("rotate", "New secrets beside the old ones.") { RotateKek(session) }, Operator(session),
        Months(session), ExpireMonths.Create(session),
    };

    private static Command Init(Session session)
    {
        var init = new Command(
            "init",
            "Creates the secrets that are missing in Secrets__Directory; present ones stay. A fresh installation, with none of " +
            "them, needs no operator; making up for some that are missing does.");
        init.Takes(OperatorActions.SecretsInit);
        session.Bind(init, async (_, _, cancellation) =>
        {
            var directory = session.Settings.SecretsDirectory;
            var present = ShopSecrets.Names.Count(name => File.Exists(Path.Combine(directory, name)));
            await using var grant = present == 0 || present == ShopSecrets.Names.Count || !session.Operators.Exist
                ? null
                : await session.Operators.RequireAsync(
                    OperatorActions.SecretsInit, Path.GetFileName(directory), null, [], cancellation);
            var created = Guarded(() => ShopSecrets.Create(directory));
            Guarded(() => ShopSecrets.Open(directory));
            if (grant is not null)
            {
                await grant.DoneAsync(null, string.Join(' ', created), cancellation);
            }

            session.Screen.Line(created.Count == 0
                ? $"Nothing to create: all secrets are in {directory}."
                : $"Created in {directory}: {string.Join(", ", created)}. Back them up: without them no key can be opened.");
            return ExitCodes.Ok;
        });
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
        kek.Takes(OperatorActions.SecretsRotate);
        session.Bind(kek, async (_, arguments, cancellation) =>
        {
            var directory = session.Settings.SecretsDirectory;
            var (staged, id) = (arguments.GetValue(stage), arguments.GetValue(activate));
            var before = Guarded(() => ShopSecrets.Open(directory));
            if (id is not null && (staged || !before.KeyEncryptionKeys.ContainsKey(id)))
            {
                throw new ShopctlException(ExitCodes.Usage, $"There is no {id} to activate in {directory}.");
            }

            await using var grant = await session.Operators.RequireAsync(
                OperatorActions.SecretsRotate, id ?? "a new key-encryption key", null, [("stage", staged ? "yes" : null)], cancellation);
            var created = Guarded(() => id is null ? ShopSecrets.AddKeyEncryptionKey(directory, staged) : Activate(directory, id));
            await grant.DoneAsync(before.CurrentKeyEncryptionKey, created + (staged ? " staged" : " seals"), cancellation);
            session.Screen.Line(id is not null ? $"{id} seals from now on. Next: shopctl keys rotate."
                : staged
                ? $"Created {created} in {directory}. Copy it to the other hosts, then: shopctl secrets rotate kek --activate {created}."
                : $"Created {created} in {directory}; it seals from now on. Back it up. Next: shopctl keys rotate.");
            return ExitCodes.Ok;
        });
        return kek;
    }

    private static Command Months(Session session)
    {
        var ahead = new Option<int>("--ahead")
        {
            Description = "So many months after this one, 1 to 36 (13).",
            DefaultValueFactory = _ => 13,
            HelpName = "N",
        };
        var months = new Command(
            "months",
            "Creates the month keys of contacts in advance: where processes cannot write Secrets__Directory, as in Kubernetes, a " +
            "month's key must be there before the month begins. Present ones stay.")
        {
            ahead,
        };
        months.Takes(OperatorActions.SecretsInit);
        session.Bind(months, async (_, arguments, cancellation) =>
        {
            var directory = session.Settings.SecretsDirectory;
            var count = arguments.GetValue(ahead) is >= 1 and <= 36 and var n
                ? n : throw new ShopctlException(ExitCodes.Usage, "--ahead must be 1 to 36.");
            Guarded(() => ShopSecrets.Open(directory));
            await using var grant = session.Operators.Exist
                ? await session.Operators.RequireAsync(
                    OperatorActions.SecretsInit, Path.GetFileName(directory), null, [], cancellation)
                : null;
            var created = Guarded(() => ShopSecrets.AddMonthKeys(directory, session.Time.GetUtcNow(), count));
            if (grant is not null)
            {
                await grant.DoneAsync(null, string.Join(' ', created), cancellation);
            }

            session.Screen.Line(created.Count == 0
                ? $"Nothing to create: the months are in {directory}."
                : $"Created in {directory}: {string.Join(", ", created)}. Back them up.");
            return ExitCodes.Ok;
        });
        return months;
    }

    private static Command Operator(Session session)
    {
        var name = new Argument<string>("NAME") { Description = "Who it is for." };
        var file = new Argument<string>("FILE") { Description = "The new key file, for the operator to keep." };
        var command = new Command("operator", "The same as 'shopctl operators add NAME operator FILE'.") { name, file };
        command.Takes(OperatorActions.OperatorsAdd with { IsDangerous = true });
        session.Bind(command, (servers, arguments, cancellation) => OperatorsCommands.AddAsync(
            session, servers, arguments.GetValue(name)!, OperatorRole.Operator, arguments.GetValue(file)!, cancellation));
        return command;
    }

    private static string Activate(string directory, string id)
    {
        ShopSecrets.ActivateKeyEncryptionKey(directory, id);
        return id;
    }

    private static T Guarded<T>(Func<T> work)
    {
        try
        {
            return work();
        }
        catch (Exception e) when (
            e is IOException or UnauthorizedAccessException or (InvalidOperationException and not ShopctlException))
        {
            throw new ShopctlException(
                ExitCodes.Usage, $"{e.Message.TrimEnd('.')}. Check the folder that {ShopctlSettings.SecretsName} names.", e);
        }
    }
}
