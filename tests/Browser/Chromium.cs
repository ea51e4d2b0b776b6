using CardShop.Local.Instance;
using CardShop.Tests.Browser;
using CardShop.Tests.Integration.Servers;
using CardShop.Tests.Integration.Shop;
using Microsoft.Playwright;
using Xunit;

[assembly: AssemblyFixture(typeof(TestServers))]
[assembly: AssemblyFixture(typeof(Chromium))]

namespace CardShop.Tests.Browser;

/// <summary>Debian's Chromium, started at its first use.</summary>
public sealed class Chromium : IAsyncLifetime
{
    private const string Program = "/usr/bin/chromium";

    private static readonly string[] Arguments =
    [
        "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
        "--disable-component-update", "--disable-sync",
    ];

    private readonly SemaphoreSlim _once = new(1, 1);
    private IPlaywright? _playwright;
    private IBrowser? _browser;

    /// <summary>Where pictures of the pages are put: not part of the sources.</summary>
    public string Pictures { get; } = Path.Combine(
        InstanceLayout.Around(AppContext.BaseDirectory).Folder, "screenshots");

    /// <summary>A buyer's browser: its own storage, nothing kept from others.</summary>
    public async Task<Visitor> VisitAsync(RunningShop shop, Screen screen, string language = "en")
    {
        var context = await (await StartedAsync()).NewContextAsync(new()
        {
            BaseURL = shop.Api.AbsoluteUri,
            Locale = language,
            ViewportSize = new() { Width = screen.Width, Height = screen.Height },
            IsMobile = screen.IsPhone,
            HasTouch = screen.IsPhone,
            ColorScheme = screen.IsDark ? ColorScheme.Dark : ColorScheme.Light,
            ReducedMotion = ReducedMotion.Reduce,
            Permissions = ["clipboard-read", "clipboard-write"],
        });
        context.SetDefaultTimeout((float)Visitor.Patience.TotalMilliseconds);
        return new(context, await context.NewPageAsync(), shop.Api, Path.Combine(Pictures, $"{screen.Name}-{language}"));
    }

    public ValueTask InitializeAsync()
    {
        Directory.CreateDirectory(Pictures);
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        if (_browser is not null)
        {
            await _browser.DisposeAsync();
        }

        _playwright?.Dispose();
        _once.Dispose();
    }

    private async Task<IBrowser> StartedAsync()
    {
        await _once.WaitAsync();
        try
        {
            _playwright ??= await Playwright.CreateAsync();
            Assertions.SetDefaultExpectTimeout((float)Visitor.Patience.TotalMilliseconds);
            return _browser ??= await _playwright.Chromium.LaunchAsync(new() { ExecutablePath = Program, Args = Arguments });
        }
        finally
        {
            _once.Release();
        }
    }
}

/// <summary>What a page is seen on.</summary>
public sealed record Screen(string Name, int Width, int Height, bool IsPhone = false, bool IsDark = false)
{
    public static Screen Phone { get; } = new("phone", 390, 844, IsPhone: true);

    public static Screen Desktop { get; } = new("desktop", 1280, 800);

    public static Screen Dark { get; } = new("dark", 1280, 800, IsDark: true);
}
