using System.CommandLine;
using CardShop.Shopctl.Servers;
using CardShop.Shopctl.Settings;
using CardShop.Shopctl.Terminal;

namespace CardShop.Shopctl.Preflight;

/// <summary><c>shopctl preflight</c>: whether everything that the shop stands on is as it must be. Changes nothing.</summary>
public static class PreflightCommand
{
    private const short CopiesInProduction = 3;

    public static Command Create(Session session)
    {
        var json = new Option<bool>("--json") { Description = "The report as JSON on standard output." };
        var production = new Option<bool>("--production")
        {
            Description = "Demands three copies of the log and a synchronous standby even where the setting Local says one machine.",
        };
        var before = new Option<bool>("--before")
        {
            Description = "Before an installation: topics, tables and queues may be missing, the shop's port must be free.",
        };
        var ports = new Option<int[]>("--port")
        {
            Description = "A further port of this machine: with --before it must be free, else something must listen; can be repeated.",
            HelpName = "N",
        };
        var folders = new Option<string[]>("--folder")
        {
            Description = "A further folder whose disk is looked at; can be repeated.",
            HelpName = "PATH",
        };
        var preflight = new Command(
            "preflight",
            "Checks versions, reachability, rights, disks, clocks, topics, queues, PostgreSQL, secrets, certificates, payment " +
            "channels and ports; what is tried is validated or rolled back, and nothing is left behind.")
        {
            json, production, before, ports, folders,
        };
        session.Bind(preflight, (servers, arguments, cancellation) => RunAsync(
            session, servers, arguments.GetValue(production), arguments.GetValue(before), arguments.GetValue(json),
            arguments.GetValue(ports) ?? [], arguments.GetValue(folders) ?? [], cancellation));
        return preflight;
    }

    private static async Task<int> RunAsync(
        Session session, ShopServers servers, bool production, bool before, bool json, int[] ports, string[] folders,
        CancellationToken cancellation)
    {
        if (Array.Exists(ports, p => p is < 1 or > 65_535) || ports.Length > 50 || folders.Length > 50)
        {
            throw new ShopctlException(ExitCodes.Usage, "--port must be 1 to 65535; at most 50 ports and 50 folders.");
        }

        var started = session.Time.GetTimestamp();
        var isLocal = session.Settings.IsLocal && !production;
        var mode = new PreflightMode(
            isLocal, before, isLocal ? session.Settings.Replication : Math.Max(session.Settings.Replication, CopiesInProduction));
        var results = await new PreflightRun(session, servers, mode, ports, folders).RunAsync(cancellation);
        return CheckReport.Show(session, results, session.Time.GetElapsedTime(started), json);
    }
}
