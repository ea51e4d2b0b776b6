using CardShop.Local.Instance;

namespace CardShop.Tests.Chaos.Drills.Machines;

/// <summary>
/// A configuration as it is shipped, with other addresses. What is to be replaced must stand there: a drill must not go on
/// with something else than what is shipped and nobody notices.
/// </summary>
public static class ShippedFile
{
    /// <param name="path">From the folder of the solution.</param>
    public static string PathOf(string path) => Path.Combine(InstanceLayout.Around(AppContext.BaseDirectory).Root, path);

    /// <param name="path">From the folder of the solution.</param>
    /// <exception cref="ChaosFailedException">A text does not stand there.</exception>
    public static string Read(string path, params (string Shipped, string Here)[] changes) =>
        Change(path, File.ReadAllText(PathOf(path)), changes);

    /// <param name="name">For people.</param>
    public static string Change(string name, string text, params (string Shipped, string Here)[] changes)
    {
        foreach (var (shipped, here) in changes)
        {
            text = text.Contains(shipped, StringComparison.Ordinal)
                ? text.Replace(shipped, here, StringComparison.Ordinal)
                : throw new ChaosFailedException($"{name} has no '{shipped}' any more; the drill has to learn what stands there now");
        }

        return text;
    }
}
