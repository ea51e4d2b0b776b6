using System.Globalization;
using CardShop.Shop.Channels;
using CardShop.Shop.Mail;
using CardShop.Shop.Orders;

namespace CardShop.Shopctl.Settings;

/// <summary>Settings of the fleets, for commands that do a fleet's work: a decision must not depend on who takes it.</summary>
internal static class FleetRules
{
    private const int MaxProfiles = 100;

    public static ShopSettings Read(Func<string, string?> variable) => new(
        TimeSpan.FromSeconds(Number(variable, "Payments__CheckEverySeconds", ShopSettings.Default.CheckEvery.TotalSeconds)),
        TimeSpan.FromSeconds(Number(variable, "Payments__ResendAfterSeconds", ShopSettings.Default.ResendAfter.TotalSeconds)))
    {
        Region = ShopctlSettings.RegionOf(variable),
        Channels = Channels(variable) is { Count: > 0 } channels ? channels : null,
        MaxOpenPerContact = (int)Number(variable, "Orders__MaxOpenPerContact", ShopSettings.Default.MaxOpenPerContact),
        MaxOpenPerNetwork = (int)Number(variable, "Orders__MaxOpenPerNetwork", ShopSettings.Default.MaxOpenPerNetwork),
        HoldSharePercent = (int)Number(variable, "Orders__HoldSharePercent", ShopSettings.Default.HoldSharePercent),
    };

    public static MailOptions ReadMail(Func<string, string?> variable) => new()
    {
        Host = variable("Mail__Host"),
        Keep = variable("Mail__Keep") is not { Length: > 0 } text ? new MailOptions().Keep
            : TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out var keep) ? keep
            : throw new ShopctlException(ExitCodes.Usage, "Setting Mail__Keep must be a time span as 30.00:00:00."),
    };

    private static Dictionary<string, IReadOnlyList<string>> Channels(Func<string, string?> variable)
    {
        var channels = new Dictionary<string, IReadOnlyList<string>>();
        foreach (var channel in PaymentChannels.Known)
        {
            var names = Enumerable.Range(0, MaxProfiles)
                .Select(i => variable(string.Create(CultureInfo.InvariantCulture, $"Channels__{channel}__Profiles__{i}__Name")))
                .TakeWhile(name => name is { Length: > 0 }).Select(name => name!).ToList();
            if (names.Count > 0)
            {
                channels[channel] = names;
            }
        }

        return channels;
    }

    private static double Number(Func<string, string?> variable, string name, double otherwise) =>
        variable(name) is not { Length: > 0 } text ? otherwise
        : double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && value is > 0 and < 1e7 ? value
        : throw new ShopctlException(ExitCodes.Usage, $"Setting {name} must be a number above 0.");
}
