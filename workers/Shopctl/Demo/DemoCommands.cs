using System.CommandLine;
using CardShop.Shop.Operators;
using CardShop.Shopctl.Operators;
using CardShop.Shopctl.Products;
using CardShop.Shopctl.Terminal;

namespace CardShop.Shopctl.Demo;

/// <summary><c>shopctl demo</c>: one order from end to end; <c>demo seed</c>: the catalog for it.</summary>
public static class DemoCommands
{
    public static Command Create(Session session)
    {
        var seed = new Command(
            "seed", "Products DEMO-10, DEMO-50 and DEMO-100 with 1,000 keys each; a product that is there is left alone.");
        seed.Takes(OperatorActions.DemoSeed);
        session.Bind(seed, (servers, _, cancellation) => DemoSeed.RunAsync(session, servers, cancellation));
        var sku = new Option<string>("--sku") { Description = "What to buy.", DefaultValueFactory = _ => "DEMO-10" };
        var quantity = new Option<int>("--quantity") { Description = "How many.", DefaultValueFactory = _ => 1, HelpName = "N" };
        var demo = new Command(
            "demo", "Places an order, pays it in the sandbox, and prints the key and the time that each step took.")
        {
            seed, sku, quantity,
        };
        session.Bind(demo, async (arguments, cancellation) =>
        {
            using var run = new DemoRun(session);
            return await run.RunAsync(
                ProductChange.RequireSku(arguments.GetValue(sku)), arguments.GetValue(quantity), cancellation);
        });
        return demo;
    }
}
