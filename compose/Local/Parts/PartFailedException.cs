namespace CardShop.Local.Parts;

/// <summary>A part could not be started, or a command of the start failed. The message is for the user.</summary>
public sealed class PartFailedException : Exception
{
    /// <param name="part">Which part.</param>
    /// <param name="message">What happened.</param>
    /// <param name="logPath">Where its output is.</param>
    public PartFailedException(string part, string message, string? logPath = null)
        : base(message)
    {
        Part = part;
        LogPath = logPath;
    }

    /// <summary>Which part.</summary>
    public string Part { get; }

    /// <summary>Where its output is; null when it never ran.</summary>
    public string? LogPath { get; }
}
