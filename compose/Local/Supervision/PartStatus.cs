using System.Text.Json.Serialization;

namespace CardShop.Local.Supervision;

/// <summary>Where a part is in its life.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<PartState>))]
public enum PartState
{
    /// <summary>Its turn has not come yet.</summary>
    Waiting,

    /// <summary>Its process runs and is not ready yet.</summary>
    Starting,

    /// <summary>It works.</summary>
    Running,

    /// <summary>It runs and refuses to work until an operator has acted.</summary>
    Fenced,

    /// <summary>It runs, was ready, and now says that it is not.</summary>
    Unready,

    /// <summary>It ended and is started again after a wait.</summary>
    Restarting,

    /// <summary>It is being stopped.</summary>
    Stopping,

    /// <summary>It was stopped and stays so.</summary>
    Stopped,
}

/// <summary>One line of the table of parts.</summary>
/// <param name="Name">The part.</param>
/// <param name="State">Where it is in its life.</param>
/// <param name="Pid">Its main process; 0 when there is none.</param>
/// <param name="Port">Its port on 127.0.0.1.</param>
/// <param name="UptimeSeconds">Since its process started.</param>
/// <param name="Restarts">How often the supervisor started it again.</param>
/// <param name="Note">Why it is as it is; may be empty.</param>
public sealed record PartStatus(string Name, PartState State, int Pid, int Port, double UptimeSeconds, int Restarts, string Note);
