using CardShop.Sandbox;
using CardShop.Telemetry;

if (HealthProbe.AddressOf(args) is { } address)
{
    return await HealthProbe.AskAsync(address);
}

await SandboxApp.Build(args).RunAsync();
return 0;
