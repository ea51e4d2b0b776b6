namespace CardShop.Shopctl.Preflight;

/// <summary>How a check came out.</summary>
public enum Verdict
{
    Ok,

    /// <summary>Nothing wrong in this mode; worth knowing.</summary>
    Info,
    Warn,
    Fail,

    /// <summary>A server did not answer: what depends on it was not checked.</summary>
    Unreachable,

    /// <summary>A setting is missing or wrong: what depends on it was not checked.</summary>
    Setting,
}

/// <summary>One line of a report.</summary>
/// <param name="Area">What it is about: PostgreSQL, secrets.</param>
/// <param name="Check">What was looked at.</param>
/// <param name="Found">What was seen; never a secret.</param>
/// <param name="ToDo">What to do about it; null where nothing is to be done.</param>
public sealed record CheckResult(string Area, string Check, Verdict Verdict, string Found, string? ToDo = null)
{
    /// <summary>The verdict of a rule that is demanded outside local mode, and only told there.</summary>
    public static Verdict Demanded(bool holds, PreflightMode mode) =>
        holds ? Verdict.Ok : mode.Local ? Verdict.Info : Verdict.Fail;
}

/// <summary>What is demanded.</summary>
/// <param name="Local">One machine: copies of the log and a standby are not asked for.</param>
/// <param name="Before">Nothing of the shop is installed yet: topics, tables and queues may be missing.</param>
/// <param name="Replication">Copies of each topic that 'migrate' would create.</param>
public sealed record PreflightMode(bool Local, bool Before, short Replication);
