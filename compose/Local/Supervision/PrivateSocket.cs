using System.Diagnostics.CodeAnalysis;

namespace CardShop.Local.Supervision;

[SuppressMessage("Interoperability", "CA1416", Justification = "The local mode is for Linux; Windows has no file modes.")]
internal static class PrivateSocket
{
    /// <summary>Only the owner may connect.</summary>
    public static void Restrict(string path) => File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
}
