using System.CommandLine;
using CardShop.Shop.Orders;
using CardShop.Shopctl.Settings;
using CardShop.Shopctl.Terminal;

namespace CardShop.Shopctl.Secrets;

/// <summary><c>shopctl secrets</c>: names of secrets, never their values.</summary>
public static class SecretsCommands
{
    public static Command Create(Session session)
    {
        var init = new Command("init", "Creates the secrets that are missing in Secrets__Directory; present ones stay.");
        session.Bind(init, (_, _) => Task.FromResult(Init(session)));
        return new("secrets", "The installation's secrets.") { init };
    }

    private static int Init(Session session)
    {
        var directory = session.Settings.SecretsDirectory;
        try
        {
            var created = ShopSecrets.Create(directory);
            ShopSecrets.Open(directory);
            session.Screen.Line(created.Count == 0
                ? $"Nothing to create: all secrets are in {directory}."
                : $"Created in {directory}: {string.Join(", ", created)}. Back them up: without them no key can be opened.");
            return ExitCodes.Ok;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidOperationException)
        {
            throw new ShopctlException(
                ExitCodes.Usage, $"{e.Message.TrimEnd('.')}. Check the folder that {ShopctlSettings.SecretsName} names.", e);
        }
    }
}
