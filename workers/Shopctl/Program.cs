using CardShop.Shopctl.Terminal;

return await CommandTree.RunAsync(args);
