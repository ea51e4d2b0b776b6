using CardShop.Local.Instance;
using Xunit;

namespace CardShop.Tests.Integration.Shop;

/// <summary>What a test has to show beside passing: printed, and kept as a file among the build's artifacts.</summary>
public static class TestReport
{
    public static void Save(string name, string text)
    {
        TestContext.Current.TestOutputHelper?.WriteLine(text);
        var folder = Path.Combine(InstanceLayout.Around(AppContext.BaseDirectory).Root, "artifacts", "test-reports");
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, name), text);
    }
}
