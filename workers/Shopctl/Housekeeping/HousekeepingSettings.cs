using System.Globalization;
using CardShop.Shop.Housekeeping;
using CardShop.Shopctl.Settings;

namespace CardShop.Shopctl.Housekeeping;

/// <summary>The settings of housekeeping, under the names that the fleets know.</summary>
internal static class HousekeepingSettings
{
    public static HousekeepingOptions From(ShopctlSettings settings)
    {
        var usual = new HousekeepingOptions();
        try
        {
            return new HousekeepingOptions
            {
                KeepLogDays = Number(settings, nameof(usual.KeepLogDays), usual.KeepLogDays),
                TrimKeyBatches = Switch(settings, nameof(usual.TrimKeyBatches), usual.TrimKeyBatches),
                ArchiveAfterDays = Number(settings, nameof(usual.ArchiveAfterDays), usual.ArchiveAfterDays),
                KeepFailuresDays = Number(settings, nameof(usual.KeepFailuresDays), usual.KeepFailuresDays),
                KeepImportsDays = Number(settings, nameof(usual.KeepImportsDays), usual.KeepImportsDays),
                KeepContactsMonths = Number(settings, nameof(usual.KeepContactsMonths), usual.KeepContactsMonths),
                ArchiveDirectory = settings.Optional(HousekeepingOptions.ArchiveSetting),
            }.Checked();
        }
        catch (InvalidOperationException e) when (e is not ShopctlException)
        {
            throw new ShopctlException(ExitCodes.Usage, e.Message, e);
        }
    }

    /// <summary>The archive's folder; null where none is set.</summary>
    public static ArchiveFiles? Archive(ShopctlSettings settings) =>
        settings.Optional(HousekeepingOptions.ArchiveSetting) is { } folder ? new(folder) : null;

    private static int Number(ShopctlSettings settings, string name, int usual) =>
        settings.Optional($"{HousekeepingOptions.Section}__{name}") is not { } text ? usual
        : int.TryParse(text, NumberStyles.Integer, CultureInfo.InvariantCulture, out var value) ? value
        : throw new ShopctlException(ExitCodes.Usage, $"Setting {HousekeepingOptions.Section}__{name} must be a number.");

    private static bool Switch(ShopctlSettings settings, string name, bool usual) =>
        settings.Optional($"{HousekeepingOptions.Section}__{name}") is not { } text ? usual
        : bool.TryParse(text, out var value) ? value
        : throw new ShopctlException(ExitCodes.Usage, $"Setting {HousekeepingOptions.Section}__{name} must be true or false.");
}
