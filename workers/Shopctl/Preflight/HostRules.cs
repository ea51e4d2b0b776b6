using System.Globalization;

namespace CardShop.Shopctl.Preflight;

/// <summary>A file of the secrets' folder: its name and rights, never what is in it.</summary>
/// <param name="IsPublic">A certificate or public key, which anybody may read.</param>
public sealed record SecretFile(string Name, UnixFileMode Mode, bool IsPublic = false);

/// <summary>What was learnt of the secrets.</summary>
/// <param name="Mode">Of the folder; null where there is none.</param>
/// <param name="OpenFailure">Why they cannot be read; the text names a secret, never its value.</param>
/// <param name="SealFailure">Why a key could not be sealed and opened again; null where it could.</param>
/// <param name="Ids">Which are in use: kek-2, token-1.</param>
/// <param name="IsMounted">
/// A volume that Kubernetes keeps: read-only, seen by this container alone, and its owner is never who runs the container.
/// </param>
public sealed record SecretsFacts(
    string Directory, UnixFileMode? Mode, IReadOnlyList<SecretFile> Files, string? OpenFailure, string? SealFailure,
    IReadOnlyList<string> Ids, bool IsMounted = false);

/// <summary>The space of the disk that a folder is on, bytes.</summary>
public sealed record DiskFacts(string What, string Path, long Total, long Free);

/// <summary>A certificate that a setting or a server shows.</summary>
/// <param name="Protocol">What was agreed with the server; null of a file.</param>
public sealed record CertificateFacts(string Where, string Subject, DateTimeOffset NotAfter, string? Protocol = null);

/// <summary>Another clock.</summary>
/// <param name="Skew">Its time minus ours.</param>
/// <param name="Uncertainty">Half of what asking took, and of what its clock's resolution hides.</param>
public sealed record ClockFacts(string Server, TimeSpan Skew, TimeSpan Uncertainty);

/// <summary>A TCP port of this machine.</summary>
/// <param name="WantsFree">Something is to be installed on it.</param>
public sealed record PortFacts(string What, int Port, bool Taken, bool WantsFree);

/// <summary>What the design demands of the machine, its files and its clocks. Pure.</summary>
public static class HostRules
{
    private const int WarnUsedPercent = 80;
    private const int FailUsedPercent = 95;
    private const long FailFreeBytes = 512L * 1024 * 1024;
    private const int OldestNet = 10;
    private static readonly TimeSpan WarnSkew = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan FailSkew = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan WarnExpiry = TimeSpan.FromDays(30);
    private const UnixFileMode Others =
        UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute |
        UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;

    /// <summary>Who is neither the owner nor of the container's group.</summary>
    private const UnixFileMode Strangers = UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;

    public static CheckResult Net(Version version) => new(
        "machine", ".NET", version.Major >= OldestNet ? Verdict.Ok : Verdict.Fail, version.ToString(),
        version.Major >= OldestNet ? null : "Install the .NET 10 runtime.");

    public static IEnumerable<CheckResult> Secrets(SecretsFacts facts, PreflightMode mode)
    {
        const string Area = "secrets";
        if (facts.Mode is not { } folder)
        {
            yield return new(
                Area, "folder", mode.Before ? Verdict.Info : Verdict.Fail, $"{facts.Directory} is not there",
                "Run 'shopctl secrets init' once for a new installation, else restore it from its backup.");
            yield break;
        }

        var others = facts.IsMounted ? Strangers : Others;
        yield return facts.IsMounted ? new(Area, "folder", Verdict.Ok, $"{facts.Directory}, a mounted volume")
            : (folder & Others) == 0 ? new(Area, "folder", Verdict.Ok, $"{facts.Directory}, mode {Octal(folder)}")
            : new(
                Area, "folder", Verdict.Fail, $"{facts.Directory} has mode {Octal(folder)}: others may look into it",
                $"chmod 700 {facts.Directory}");
        var open = facts.Files.Where(f => !f.IsPublic && (f.Mode & others) != 0).ToList();
        yield return open.Count == 0
            ? new(Area, "files", Verdict.Ok, $"{facts.Files.Count}, for their owner alone")
            : new(
                Area, "files", Verdict.Fail,
                "others may read: " + string.Join(", ", open.Take(5).Select(f => $"{f.Name} ({Octal(f.Mode)})"))
                    + (open.Count > 5 ? $" and {open.Count - 5} more" : string.Empty),
                $"chmod 600 {facts.Directory}/*");
        yield return facts.OpenFailure is { } failure
            ? new(
                Area, "complete", Verdict.Fail, failure,
                "Restore it from its backup; for a new installation run 'shopctl secrets init'.")
            : new(Area, "complete", Verdict.Ok, string.Join(", ", facts.Ids));
        if (facts.OpenFailure is null)
        {
            yield return facts.SealFailure is { } seal
                ? new(Area, "key provider", Verdict.Fail, seal, "Without it no key can be imported or shown: see the provider.")
                : new(Area, "key provider", Verdict.Ok, "sealed and opened a trial key");
        }
    }

    public static CheckResult Disk(DiskFacts facts)
    {
        var used = facts.Total <= 0 ? 100 : (int)((facts.Total - facts.Free) * 100 / facts.Total);
        var found = string.Create(
            CultureInfo.InvariantCulture, $"{used} % used, {facts.Free / 1e9:F1} GB free, at {facts.Path}");
        var verdict = used >= FailUsedPercent || facts.Free < FailFreeBytes ? Verdict.Fail
            : used >= WarnUsedPercent ? Verdict.Warn
            : Verdict.Ok;
        return new(
            "disk", facts.What, verdict, found, verdict == Verdict.Ok ? null : "Free space or grow the disk: 80 % used is an alert.");
    }

    public static CheckResult Clock(ClockFacts facts)
    {
        var certain = facts.Skew.Duration() - facts.Uncertainty;
        var verdict = certain > FailSkew ? Verdict.Fail : certain > WarnSkew ? Verdict.Warn : Verdict.Ok;
        var found = string.Create(
            CultureInfo.InvariantCulture,
            $"{facts.Skew.TotalSeconds:+0.000;-0.000;0.000} s (± {facts.Uncertainty.TotalSeconds:F3})");
        return new(
            "clock", facts.Server, verdict, found,
            verdict == Verdict.Ok ? null : "Run NTP (chrony) on both machines: due times and signatures depend on the clock.");
    }

    public static CheckResult Certificate(CertificateFacts facts, DateTimeOffset now)
    {
        var left = facts.NotAfter - now;
        var verdict = left <= TimeSpan.Zero ? Verdict.Fail : left < WarnExpiry ? Verdict.Warn : Verdict.Ok;
        var found = string.Create(
            CultureInfo.InvariantCulture,
            $"{facts.Subject}: {(left <= TimeSpan.Zero ? "expired" : "valid until")} {facts.NotAfter.UtcDateTime:yyyy-MM-dd}");
        return new(
            "certificates", facts.Where, verdict, found,
            verdict == Verdict.Ok ? null : "Put the renewed certificate in place; payments stop when it has expired.");
    }

    public static CheckResult Port(PortFacts facts)
    {
        var found = facts.Taken ? "something listens" : "free";
        return (facts.WantsFree, facts.Taken) switch
        {
            (true, true) => new(
                "ports", PortName(facts), Verdict.Fail, found, "Stop what listens there, or choose another port."),
            (false, false) => new("ports", PortName(facts), Verdict.Warn, "nothing listens", "Is that part running?"),
            _ => new("ports", PortName(facts), Verdict.Ok, found),
        };
    }

    private static string PortName(PortFacts facts) =>
        string.Create(CultureInfo.InvariantCulture, $"{facts.What} {facts.Port}");

    private static string Octal(UnixFileMode mode) => Convert.ToString((int)mode & 0b111_111_111, 8).PadLeft(4, '0');
}
