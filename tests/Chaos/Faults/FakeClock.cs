using System.Globalization;

namespace CardShop.Tests.Chaos.Faults;

/// <summary>libfaketime: a process whose clock on the wall is wrong, while its stopwatches are right.</summary>
public static class FakeClock
{
    private static readonly string? Library = Find();

    /// <summary>Is it installed (Debian package faketime)?</summary>
    public static bool IsPossible => Library is not null;

    /// <summary>What to add to a process's environment.</summary>
    /// <param name="seconds">How far ahead its clock is; negative: behind.</param>
    public static IReadOnlyDictionary<string, string> Environment(int seconds) => new Dictionary<string, string>
    {
        ["LD_PRELOAD"] = Library ?? throw new ChaosFailedException("libfaketime is missing; install the Debian package faketime"),
        ["FAKETIME"] = string.Create(CultureInfo.InvariantCulture, $"{seconds:+0;-0}s"),
        ["FAKETIME_DONT_FAKE_MONOTONIC"] = "1",
        ["DONT_FAKE_MONOTONIC"] = "1",
    };

    private static string? Find() => Directory.Exists("/usr/lib")
        ? Directory.GetDirectories("/usr/lib", "*-linux-gnu").Select(d => Path.Combine(d, "faketime", "libfaketimeMT.so.1")).FirstOrDefault(File.Exists)
        : null;
}
