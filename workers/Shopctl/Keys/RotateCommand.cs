using System.CommandLine;
using System.Globalization;
using CardShop.Shop.Operators;
using CardShop.Shopctl.Operators;
using CardShop.Shopctl.Servers;
using CardShop.Shopctl.Settings;
using CardShop.Shopctl.Terminal;

namespace CardShop.Shopctl.Keys;

/// <summary><c>shopctl keys rotate</c>.</summary>
internal static class RotateCommand
{
    public static Command Create(Session session)
    {
        var rate = new Option<int>("--rate")
        {
            Description = "At most so many keys per second are sealed anew.",
            DefaultValueFactory = _ => 5_000,
            HelpName = "N",
        };
        var size = new Option<int>("--batch-size")
        {
            Description = "Keys per transaction, 1 to 5000.",
            DefaultValueFactory = _ => 500,
            HelpName = "N",
        };
        var rotate = new Command(
            "rotate",
            """
            Seals every key anew under the current key-encryption key, while the shop sells: it waits for nobody and nobody
            waits for it. An interrupted one goes on where it was. First: 'shopctl secrets rotate kek' (its help says in which
            order several hosts get the new one). The old key-encryption key stays: the log and the backups need it.
            """)
        {
            rate, size,
        };
        rotate.Takes(OperatorActions.KeysRotate);
        session.Bind(rotate, (servers, arguments, cancellation) => RunAsync(
            session, servers,
            new(
                KeysCommands.Within(arguments.GetValue(size), 1, 5_000, "--batch-size"),
                KeysCommands.Within(arguments.GetValue(rate), 1, 1_000_000, "--rate")),
            cancellation));
        return rotate;
    }

    private static async Task<int> RunAsync(
        Session session, ShopServers servers, RotationPace pace, CancellationToken cancellation)
    {
        var vault = servers.OpenVault();
        await servers.RequireWritableAsync(cancellation);
        await using var grant = await session.Operators.RequireAsync(
            OperatorActions.KeysRotate, vault.Current, null, [], cancellation);
        var rotator = new KeyRotator(servers.Database, vault, pace, session.Time);
        var resealed = 0L;
        await WorkProgress.RunAsync(
            session.Screen, session.Time, "rotation to " + vault.Current,
            async progress => resealed = await rotator.RunAsync(
                state => progress(state.Part, string.Create(
                    CultureInfo.InvariantCulture, $"pass {state.Pass}, {state.Resealed:N0} keys sealed anew")),
                cancellation));
        await grant.DoneAsync(null, $"every key is under {vault.Current}", cancellation, resealed);
        session.Screen.Line(string.Create(
            CultureInfo.InvariantCulture, $"{resealed:N0} keys sealed anew; every key is under {vault.Current}."));
        return ExitCodes.Ok;
    }
}
