namespace CardShop.Sandbox.Faults;

/// <summary>What goes wrong.</summary>
public enum FaultKind
{
    /// <summary>Waits, then does what was asked.</summary>
    Delay,

    /// <summary>Cuts the connection without doing it.</summary>
    DropBefore,

    /// <summary>Does it, then cuts the connection.</summary>
    DropAfter,

    /// <summary>Answers with an HTTP status, without doing it.</summary>
    Status,

    /// <summary>Holds the connection, then cuts it without doing it.</summary>
    TimeoutBefore,

    /// <summary>Does it, holds the connection, then cuts it.</summary>
    TimeoutAfter,

    /// <summary>Says one fen more than the truth, properly signed.</summary>
    WrongAmount,

    /// <summary>Signs with a key that nobody knows.</summary>
    ForgedSignature,
}

/// <summary>A fault for the next calls.</summary>
/// <param name="Method">The provider's method it waits for, <c>notify</c> for notifications; null for any call.</param>
/// <param name="Times">How many calls it befalls.</param>
/// <param name="Milliseconds">How long a delay or a held connection lasts.</param>
/// <param name="Status">The status that <see cref="FaultKind.Status"/> answers.</param>
public sealed record Fault(
    FaultKind Kind, string Provider = "alipay", string? Method = null, int Times = 1, int Milliseconds = 1000,
    int Status = 503)
{
    public const string Notifications = "notify";
}

/// <summary>The faults that are waiting, oldest first. Thread-safe.</summary>
public sealed class FaultPlan
{
    private const int Limit = 1000;
    private readonly Lock _lock = new();
    private readonly List<Fault> _faults = [];

    /// <summary>False when too many are waiting already.</summary>
    public bool Add(Fault fault)
    {
        lock (_lock)
        {
            if (_faults.Count >= Limit)
            {
                return false;
            }

            _faults.Add(fault);
            return true;
        }
    }

    public IReadOnlyList<Fault> List()
    {
        lock (_lock)
        {
            return [.. _faults];
        }
    }

    public void Clear()
    {
        lock (_lock)
        {
            _faults.Clear();
        }
    }

    /// <summary>The fault that befalls this call, counted down; null for none.</summary>
    public Fault? Take(string provider, string method)
    {
        lock (_lock)
        {
            var index = _faults.FindIndex(one => one.Provider == provider
                && (one.Method == method || (one.Method is null && method != Fault.Notifications)));
            if (index < 0)
            {
                return null;
            }

            var fault = _faults[index];
            if (fault.Times > 1)
            {
                _faults[index] = fault with { Times = fault.Times - 1 };
            }
            else
            {
                _faults.RemoveAt(index);
            }

            return fault;
        }
    }
}
