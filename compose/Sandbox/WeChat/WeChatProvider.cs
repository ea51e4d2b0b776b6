using CardShop.Sandbox.Books;
using CardShop.Sandbox.Notices;
using CardShop.Sandbox.Providers;

namespace CardShop.Sandbox.WeChat;

/// <summary>WeChat Pay, put together.</summary>
internal sealed class WeChatProvider : IProvider
{
    private readonly WeChatEndpoints _endpoints;

    public WeChatProvider(
        SandboxBooks books, SandboxOptions options, CallGate gate, TimeProvider clock, ILogger<WeChatProvider> log)
    {
        var keys = new WeChatKeys(options.KeysDirectory);
        Notices = new WeChatNotices(options.WeChat, keys, clock);
        _endpoints = new WeChatEndpoints(
            new WeChatTerminal(books, options.WeChat, clock), options, gate, keys, clock, log);
    }

    public string Name => WeChatTerminal.Provider;

    public INoticeFormat Notices { get; }

    public void Map(IEndpointRouteBuilder routes) => _endpoints.Map(routes);
}
