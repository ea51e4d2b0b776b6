using System.Collections.Concurrent;
using Microsoft.Playwright;
using Xunit;

namespace CardShop.Tests.Browser;

/// <summary>
/// One person's browser. At the end nothing may have gone wrong on any page: no error in the console, no breach of the
/// security policy, no request to anybody but the shop.
/// </summary>
public sealed class Visitor : IAsyncDisposable
{
    private readonly IBrowserContext _context;
    private readonly Uri _shop;
    private readonly string _pictures;
    private readonly ConcurrentQueue<string> _wrong = new();

    public Visitor(IBrowserContext context, IPage page, Uri shop, string pictures)
    {
        _context = context;
        _shop = shop;
        _pictures = pictures;
        Page = page;
        page.PageError += (_, error) => _wrong.Enqueue("error: " + error);
        page.Dialog += (_, dialog) =>
        {
            // No page asks that way: it would be somebody's text that ran.
            _wrong.Enqueue("dialog: " + dialog.Message);
            _ = dialog.DismissAsync();
        };
        page.Console += (_, message) =>
        {
            // A refused or lost request is the shop's answer to this test, and shown on the page; everything else is a fault.
            if (message.Type is "error" or "warning" && !message.Text.StartsWith("Failed to load resource", StringComparison.Ordinal))
            {
                _wrong.Enqueue("console: " + message.Text);
            }
        };
        page.Request += (_, request) =>
        {
            Requests.Enqueue(request);
            var uri = new Uri(request.Url);
            if (uri.Scheme is not ("blob" or "data") && (uri.Host != shop.Host || uri.Port != shop.Port))
            {
                _wrong.Enqueue("request to " + request.Url);
            }
        };
    }

    /// <summary>How long is waited for what must come: long, as machines are busy; nothing takes it that works.</summary>
    public static TimeSpan Patience { get; } = TimeSpan.FromSeconds(60);

    public IPage Page { get; }

    /// <summary>Every request so far.</summary>
    public ConcurrentQueue<IRequest> Requests { get; } = new();

    public ILocator Text(string text) => Page.GetByText(text);

    public ILocator Field(string label) => Page.GetByLabel(label, new() { Exact = true });

    public ILocator Button(string name) => Page.GetByRole(AriaRole.Button, new() { Name = name, Exact = true });

    public ILocator Heading(string name) => Page.GetByRole(AriaRole.Heading, new() { Name = name, Exact = true });

    public Task OpenAsync(string path) => Page.GotoAsync(new Uri(_shop, path).AbsoluteUri);

    /// <summary>Waits until that is to be seen.</summary>
    public static Task SeesAsync(ILocator what) => Assertions.Expect(what.First).ToBeVisibleAsync();

    /// <summary>A picture of the page as it stands, for people to look at; and nothing on it may keep anybody out.</summary>
    public async Task PictureAsync(string name, params string[] except)
    {
        await Page.ScreenshotAsync(new() { Path = $"{_pictures}-{name}.png", FullPage = true });
        await Accessibility.CheckAsync(Page, except);
    }

    public async ValueTask DisposeAsync()
    {
        await _context.DisposeAsync();
        Assert.Empty(_wrong);
    }
}
