using CardShop.Sandbox;

await SandboxApp.Build(args).RunAsync();
