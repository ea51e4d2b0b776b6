namespace CardShop.Sandbox.Faults;

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

    public bool IsEmpty
    {
        get
        {
            lock (_lock)
            {
                return _faults.Count == 0;
            }
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
    /// <param name="method">The provider's own name of the call, where it has one.</param>
    /// <param name="number">The trade that the call is about.</param>
    public Fault? Take(string provider, SandboxCall call, string? method = null, string? number = null)
    {
        lock (_lock)
        {
            var index = _faults.FindIndex(one => one.Befalls(provider, call, method, number));
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
