using CardShop.Api;
using CardShop.Shop.Channels;

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
