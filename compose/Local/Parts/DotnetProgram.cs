using CardShop.Local.Processes;

namespace CardShop.Local.Parts;

/// <summary>Finds the built programs of this solution.</summary>
public static class DotnetProgram
{
    /// <summary>The command that runs a program of the solution.</summary>
    /// <param name="name">The assembly, such as CardShop.Api.</param>
    /// <param name="arguments">Its arguments.</param>
    public static ChildCommand Command(string name, params IReadOnlyList<string> arguments) =>
        new(Host(), [Find(name), .. arguments]);

    /// <summary>The path of an assembly: beside this one's build (artifacts/bin), of the same configuration.</summary>
    /// <exception cref="PartFailedException">It is not built.</exception>
    public static string Find(string name)
    {
        // artifacts/bin/<project>/<configuration>/: two steps up are the builds of all projects.
        var here = new DirectoryInfo(Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory));
        if (here.Parent?.Parent is { } builds)
        {
            var beside = Path.Combine(builds.FullName, name, here.Name, name + ".dll");
            if (File.Exists(beside))
            {
                return beside;
            }
        }

        var copied = Path.Combine(here.FullName, name + ".dll");
        return File.Exists(copied) && File.Exists(Path.ChangeExtension(copied, ".runtimeconfig.json"))
            ? copied
            : throw new PartFailedException(name, $"{name} is not built; run compose/up, or dotnet build -c Release");
    }

    private static string Host()
    {
        var own = Environment.ProcessPath;
        return Path.GetFileName(own) == "dotnet" ? own! : Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet";
    }
}
