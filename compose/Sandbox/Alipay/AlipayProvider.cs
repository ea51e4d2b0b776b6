using CardShop.Sandbox.Books;
using CardShop.Sandbox.Notices;
using CardShop.Sandbox.Providers;

namespace CardShop.Sandbox.Alipay;

/// <summary>Alipay, put together.</summary>
internal sealed class AlipayProvider : IProvider
{
    private readonly AlipayEndpoints _endpoints;

    public AlipayProvider(
        SandboxBooks books, SandboxOptions options, CallGate gate, TimeProvider clock, ILogger<AlipayProvider> log)
    {
        var keys = new AlipayKeys(options.KeysDirectory);
        Notices = new AlipayNotices(options, keys);
        _endpoints = new AlipayEndpoints(new AlipayTerminal(books, options, clock), options, gate, keys, log);
    }

    public string Name => AlipayTerminal.Provider;

    public INoticeFormat Notices { get; }

    public void Map(IEndpointRouteBuilder routes) => _endpoints.Map(routes);
}
