using CardShop.Sandbox.Books;
using CardShop.Sandbox.Faults;
using CardShop.Sandbox.Notices;
using CardShop.Sandbox.Providers;

namespace CardShop.Sandbox.UnionPay;

/// <summary>UnionPay, put together.</summary>
internal sealed class UnionPayProvider : IProvider
{
    private readonly UnionPayEndpoints _endpoints;

    public UnionPayProvider(
        SandboxBooks books, SandboxOptions options, CallGate gate, FaultPlan faults, TimeProvider clock,
        ILogger<UnionPayProvider> log)
    {
        var keys = new UnionPayKeys(options.KeysDirectory, options.UnionPay.CertificateName);
        Notices = new UnionPayNotices(books, keys);
        _endpoints = new UnionPayEndpoints(
            new UnionPayTerminal(books, clock), options, gate, faults, keys, clock, log);
    }

    public string Name => UnionPayTerminal.Provider;

    public INoticeFormat Notices { get; }

    public void Map(IEndpointRouteBuilder routes) => _endpoints.Map(routes);
}
