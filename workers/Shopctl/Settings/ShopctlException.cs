namespace CardShop.Shopctl.Settings;

/// <summary>Why a command ends without success: one line for the operator, and the exit code.</summary>
public sealed class ShopctlException(int exitCode, string message, Exception? inner = null)
    : InvalidOperationException(message, inner)
{
    /// <summary>One of <see cref="ExitCodes"/>.</summary>
    public int ExitCode => exitCode;

    /// <summary>What a second operator has to approve, with <see cref="ExitCodes.Waiting"/>; else null.</summary>
    public string? ApprovalId { get; init; }
}

/// <summary>What an exit code says.</summary>
public static class ExitCodes
{
    public const int Ok = 0;

    /// <summary>A violation was found, or the work could not be done.</summary>
    public const int Failed = 1;

    /// <summary>Wrong arguments or settings.</summary>
    public const int Usage = 2;

    /// <summary>A server cannot be reached.</summary>
    public const int Unreachable = 3;

    /// <summary>No operator's key, too low a role, not approved, or outside the change window. Nothing was changed.</summary>
    public const int Refused = 4;

    /// <summary>It waits for a second operator's approval. Nothing was changed.</summary>
    public const int Waiting = 5;

    /// <summary>The text that every --help ends with.</summary>
    public const string Help =
        """
        Exit codes:
          0  done
          1  a violation was found, or it failed
          2  wrong arguments or settings
          3  a server cannot be reached
          4  refused: no operator's key, too low a role, not approved, or outside the change window
          5  waits for a second operator's approval
        """;
}
