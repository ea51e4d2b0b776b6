using System.CommandLine;
using CardShop.Shop.Housekeeping;
using CardShop.Shop.Operators;
using CardShop.Shopctl.Operators;
using CardShop.Shopctl.Settings;
using CardShop.Shopctl.Terminal;

namespace CardShop.Shopctl.Housekeeping;

/// <summary><c>shopctl secrets expire-months</c>: what old months' contacts are sealed with goes, and with it the contacts.</summary>
internal static class ExpireMonths
{
    public static Command Create(Session session)
    {
        var before = new Option<string>("--before") { Description = "The first month that keeps its key: YYYY-MM.", HelpName = "MONTH", Required = true };
        var dry = new Option<bool>("--dry-run") { Description = "Says what would go, and what stays why." };
        var expire = new Command(
            "expire-months",
            """
            Deletes the keys under which the contacts of old months are sealed: in topics, documents, archive and backups nobody
            can read them any more. There is no way back. Months that are younger than Housekeeping__KeepContactsMonths, or that
            have orders which have not ended, keep theirs. Delete the same files in every copy of the secrets.
            """)
        {
            before, dry,
        };
        expire.Takes(OperatorActions.SecretsExpireMonths);
        before.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<string>() is not { } month || !MonthKeys.IsMonth(month))
            {
                result.AddError("--before must be a month, as 2026-08.");
            }
        });
        session.Bind(expire, async (servers, arguments, cancellation) =>
        {
            var directory = session.Settings.SecretsDirectory;
            var options = HousekeepingSettings.From(session.Settings);
            await servers.RequireDatabaseAsync(cancellation);
            var months = MonthKeys.Judge(
                MonthKeys.Present(directory), await MonthKeys.OpenAsync(servers.Database, cancellation), arguments.GetValue(before)!,
                session.Time.GetUtcNow(), options.KeepContactsMonths);
            foreach (var month in months.Where(m => m.Kept is not null))
            {
                session.Screen.Line($"{month.Month} stays: {month.Kept}.");
            }

            var going = months.Where(m => m.Kept is null).Select(m => m.Month).ToList();
            if (arguments.GetValue(dry) || going.Count == 0)
            {
                session.Screen.Line(going.Count == 0 ? "No month's key may expire." : $"Would expire: {string.Join(", ", going)}.");
                return ExitCodes.Ok;
            }

            await using var grant = await session.Operators.RequireAsync(
                OperatorActions.SecretsExpireMonths, string.Join(' ', going), null, [("before", arguments.GetValue(before))], cancellation);
            foreach (var month in going)
            {
                MonthKeys.Expire(directory, month);
                session.Screen.Line($"{month}: its contacts are unreadable now.");
            }

            await grant.DoneAsync(null, string.Join(' ', going), cancellation, going.Count);
            session.Screen.Line("Delete the same files in every copy of the secrets: contact-MONTH.");
            return ExitCodes.Ok;
        });
        return expire;
    }
}
