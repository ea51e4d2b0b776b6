using CardShop.Api;
using CardShop.Shop.Channels;
using CardShop.Telemetry;

if (HealthProbe.AddressOf(args) is { } address)
{
    return await HealthProbe.AskAsync(address);
}

// Read once by the socket engine, so it is set before the first socket: completions run where they arrive (see ApiHost).
Environment.SetEnvironmentVariable("DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS", "1");
// Settings are read once. Watching their files would watch every file below the working directory.
Environment.SetEnvironmentVariable("DOTNET_hostBuilder__reloadConfigOnChange", "false");
try
{
    await using var app = ApiHost.Build(args);
    await app.RunAsync();
    return 0;
}
catch (Exception e) when (e is InvalidOperationException or ChannelSettingsException)
{
    await Console.Error.WriteLineAsync(e.Message);
    return 2;
}
