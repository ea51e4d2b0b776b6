using System.Runtime.InteropServices;

namespace CardShop.Local.Processes;

/// <summary>Signals by their Linux numbers.</summary>
public enum Signal
{
    /// <summary>No signal.</summary>
    None = 0,

    /// <summary>SIGINT: for PostgreSQL the fast shutdown.</summary>
    Interrupt = 2,

    /// <summary>SIGQUIT: for PostgreSQL the immediate shutdown.</summary>
    Quit = 3,

    /// <summary>SIGKILL.</summary>
    Kill = 9,

    /// <summary>SIGTERM.</summary>
    Terminate = 15,

    /// <summary>SIGCONT.</summary>
    Continue = 18,

    /// <summary>SIGSTOP: it stands still, and its sockets stay open.</summary>
    Stop = 19,
}

internal static partial class NativeMethods
{
    private const int SetChildSubreaper = 36;
    private const int NoHang = 1;

    /// <summary>Sends a signal to one process; a process that is gone is no error.</summary>
    public static void Send(ProcessIdentity process, Signal signal)
    {
        if (ProcessTable.IsAlive(process))
        {
            _ = Kill(process.Pid, (int)signal);
        }
    }

    /// <summary>Children of a child that died come to this process instead of to the system's first one, which may not reap them.</summary>
    public static void AdoptOrphans() => _ = Control(SetChildSubreaper, 1, 0, 0, 0);

    /// <summary>Takes the exit code of an adopted process that has ended, so that no zombie stays. Others are left alone.</summary>
    public static void Reap(ProcessIdentity process) => _ = Wait(process.Pid, 0, NoHang);

    [LibraryImport("libc", EntryPoint = "prctl", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Control(int option, nuint a, nuint b, nuint c, nuint d);

    [LibraryImport("libc", EntryPoint = "waitpid", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Wait(int pid, nint status, int options);

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Kill(int pid, int signal);
}
