using System.Text.RegularExpressions;
using CardShop.Tests.Unit.Partners;
using Xunit;

namespace CardShop.Tests.Unit.Deployment;

/// <summary>Who deploys finds a source for every secret that a manifest fetches from the store.</summary>
public sealed partial class When_secrets_are_fetched
{
    private const string Channels = "/var/lib/cardshop/channels/";

    [Fact]
    public async Task The_page_names_each_entry_with_its_properties()
    {
        var rows = Rows();
        var missing = new List<string>();
        foreach (var secret in (await Kustomize.AllAsync()).Values.SelectMany(d => d)
            .Where(d => d.Kind() == "ExternalSecret" && d.Text("spec|secretStoreRef|kind") == "ClusterSecretStore"))
        {
            var fetched = secret.Each("spec|dataFrom").Select(d => (Key: d.Text("extract|key"), Property: (string?)null))
                .Concat(secret.Each("spec|data").Select(d => (Key: d.Text("remoteRef|key"), Property: d.Text("remoteRef|property"))));
            missing.AddRange(fetched.Where(f => f.Key is not null && !IsNamed(rows, f.Key, f.Property)).Select(f => $"{secret.Name()}: {f.Key} {f.Property}"));
        }

        Assert.Empty(missing.Distinct());
        Assert.NotEmpty(rows);
    }

    /// <summary>The files that settings.env has the programs read.</summary>
    [Fact]
    public void The_page_names_each_file_of_a_channel()
    {
        var rows = Rows();
        var files = File.ReadLines(Repository.Folder("k8s", "base", "settings.env")).Select(l => l.Split('=', 2)).Where(l => l.Length == 2)
            .Select(l => l[1]).Where(v => v.StartsWith(Channels, StringComparison.Ordinal)).Select(v => v[Channels.Length..]).ToList();
        Assert.NotEmpty(files);
        Assert.All(files, f => Assert.True(IsNamed(rows, "cardshop/channels", f), f));
    }

    [Fact]
    public void An_entry_or_property_that_no_row_names_is_found()
    {
        var rows = Rows();
        Assert.True(IsNamed(rows, "cardshop/backup", "access-key-id"));
        Assert.False(IsNamed(rows, "cardshop/backup", "session-token"));
        Assert.False(IsNamed(rows, "cardshop/nothing", null));
    }

    private static bool IsNamed(IReadOnlyDictionary<string, string> rows, string key, string? property) =>
        rows.TryGetValue(key, out var row) && (property is null || row.Contains($"`{property}`", StringComparison.Ordinal));

    private static Dictionary<string, string> Rows() => File.ReadLines(Repository.Folder("k8s", "runbooks", "deploy.md"))
        .Select(l => Row().Match(l)).Where(m => m.Success).ToDictionary(m => m.Groups[1].Value, m => m.Value);

    [GeneratedRegex(@"^\| `(cardshop/[a-z-]+)` \|.*$")]
    private static partial Regex Row();
}
