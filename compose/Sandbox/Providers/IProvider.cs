using CardShop.Sandbox.Notices;

namespace CardShop.Sandbox.Providers;

/// <summary>One payment provider that the sandbox plays: a folder of its own, and a line where they are put together.</summary>
public interface IProvider
{
    /// <summary>The channel's name in trades, faults and settings.</summary>
    string Name { get; }

    INoticeFormat Notices { get; }

    /// <summary>The provider's own addresses, below <c>/{name}/</c>.</summary>
    void Map(IEndpointRouteBuilder routes);
}
