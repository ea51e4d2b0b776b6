using CardShop.Pipeline.Batches;
using CardShop.Pipeline.Bus;
using CardShop.Pipeline.Log;
using CardShop.Pipeline.Outbox;
using CardShop.Shop.Channels;
using CardShop.Shop.Store;
using CardShop.Tests.Simulation.Engine;
using CardShop.Tests.Simulation.Servers;
using CardShop.Tests.Simulation.World;

namespace CardShop.Tests.Simulation.Mutants;

/// <summary>
/// A planted bug: the real code with something wrong around it. Each of the seams that a process has can be wrapped; the
/// code itself has no switch for it.
/// </summary>
/// <param name="name">What it is called on the command line.</param>
/// <param name="breaks">What it breaks, in a line.</param>
internal class Mutant(string name, string breaks)
{
    public static readonly Mutant None = new("none", "Nothing: the code as it is.");

    public string Name => name;

    public string Breaks => breaks;

    public virtual Swarm Swarm(Swarm swarm) => swarm;

    public virtual IShopStore Store(SimStoreClient client, ShopWorld world, SimProcess process) => client;

    public virtual IOutboxStore Outbox(SimStoreClient client) => client;

    public virtual IFenceDatabase Fence(SimStoreClient client) => client;

    public virtual ILog Log(ILog log, ShopWorld world) => log;

    public virtual IBus Bus(IBus bus) => bus;

    public virtual IPaymentChannel Channel(IPaymentChannel channel, ShopWorld world) => channel;

    public override string ToString() => name;
}
