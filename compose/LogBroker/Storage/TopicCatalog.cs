using System.Text.Json;
using System.Text.Json.Serialization;

namespace CardShop.LogBroker.Storage;

/// <summary>A topic as topics.json keeps it.</summary>
internal sealed record TopicEntry(string Name, Guid Id, int Partitions, Dictionary<string, string> Config,
    bool Deleting = false);

/// <summary>The whole of topics.json.</summary>
internal sealed record TopicCatalog(List<TopicEntry> Topics)
{
    public static TopicCatalog Read(string path)
    {
        try
        {
            return File.Exists(path)
                ? JsonSerializer.Deserialize(File.ReadAllBytes(path), CatalogJson.Default.TopicCatalog)!
                : new TopicCatalog([]);
        }
        catch (JsonException wrong)
        {
            throw new InvalidDataException($"'{path}' is damaged: {wrong.Message}");
        }
    }

    public void Write(string path) =>
        AtomicFile.Write(path, JsonSerializer.SerializeToUtf8Bytes(this, CatalogJson.Default.TopicCatalog));
}

[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(TopicCatalog))]
internal sealed partial class CatalogJson : JsonSerializerContext;
