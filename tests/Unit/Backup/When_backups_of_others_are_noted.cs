using CardShop.Shop.Housekeeping;
using CardShop.Shopctl.Backup;
using Xunit;

namespace CardShop.Tests.Unit.Backup;

public sealed class When_backups_of_others_are_noted
{
    private static readonly DateTimeOffset Now = new(2026, 3, 5, 2, 5, 0, TimeSpan.Zero);

    [Fact]
    public void Old_notes_go_and_what_was_not_noted_stays() => Assert.Equal(
        ["noted-young", "full-old"],
        NoteCommand.Keep(
            [Backup("noted-young", "noted", 39), Backup("noted-old", "noted", 41), Backup("full-old", "full", 400)],
            Now.AddDays(-40)).Select(b => b.Label));

    private static KeptBackup Backup(string label, string kind, int days) =>
        new(label, kind, Now.AddDays(-days), Now.AddDays(-days), 1, []);
}
