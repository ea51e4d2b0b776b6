using Microsoft.AspNetCore.Builder;

namespace CardShop.Telemetry;

/// <summary>How every web host of the house begins.</summary>
public static class HouseOptions
{
    /// <summary>
    /// The content root is the program's own folder. The usual one, the current folder, is watched for changed settings with all
    /// that lies below it: where the servers keep their data there, each process is told of each file they write.
    /// Settings come from the environment and the command line.
    /// </summary>
    /// <param name="pages">The folder of static files; null = none.</param>
    public static WebApplicationOptions Of(string[] args, string? pages = null) =>
        new() { Args = args, ContentRootPath = AppContext.BaseDirectory, WebRootPath = pages };
}
