namespace CardShop.Shop.Housekeeping;

/// <summary>How long things are kept; bound from the configuration section <c>Housekeeping</c>.</summary>
public sealed record HousekeepingOptions
{
    public const string Section = "Housekeeping";

    /// <summary>The setting that names the folder of the archive: every process that shows orders reads it.</summary>
    public const string ArchiveSetting = "Archive__Directory";

    /// <summary>How often the notifications fleet looks; zero = never, and an operator runs <c>shopctl housekeeping run</c>.</summary>
    public TimeSpan Every { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Days for which records stay on every topic, whatever backups hold: partners may ask for 31 days again.</summary>
    public int KeepLogDays { get; init; } = 32;

    /// <summary>Whether imports are trimmed like the other inputs. Without, the log can fill an empty database with keys for ever.</summary>
    public bool TrimKeyBatches { get; init; } = true;

    /// <summary>Days after its last change for which a finished order stays in the database.</summary>
    public int ArchiveAfterDays { get; init; } = 90;

    /// <summary>Days for which mails that were given up, and messages that could not be sent, wait for an operator.</summary>
    public int KeepFailuresDays { get; init; } = 90;

    /// <summary>Days for which it is remembered what an import or a void came to.</summary>
    public int KeepImportsDays { get; init; } = 730;

    /// <summary>Months for which contacts must stay readable: what the law asks of a seller's books.</summary>
    public int KeepContactsMonths { get; init; } = 36;

    /// <summary>Where finished orders go; null = they stay in the database.</summary>
    public string? ArchiveDirectory { get; init; }

    /// <summary>Throws with the setting's name and what it should hold.</summary>
    public HousekeepingOptions Checked()
    {
        Require(Every >= TimeSpan.Zero && Every <= TimeSpan.FromDays(1), nameof(Every), "0 (never) to 1 day");
        Require(KeepLogDays is >= 0 and <= 3_650, nameof(KeepLogDays), "0 to 3650");
        Require(ArchiveAfterDays is >= 0 and <= 3_650, nameof(ArchiveAfterDays), "0 to 3650");
        Require(KeepFailuresDays is >= 1 and <= 3_650, nameof(KeepFailuresDays), "1 to 3650");
        Require(KeepImportsDays is >= 1 and <= 36_500, nameof(KeepImportsDays), "1 to 36500");
        Require(KeepContactsMonths is >= 1 and <= 1_200, nameof(KeepContactsMonths), "1 to 1200");
        return this;
    }

    private static void Require(bool holds, string name, string range)
    {
        if (!holds)
        {
            throw new InvalidOperationException($"Setting {Section}__{name} must be {range}.");
        }
    }
}
