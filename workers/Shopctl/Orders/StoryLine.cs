using System.Text.Json.Serialization;

namespace CardShop.Shopctl.Orders;

/// <summary>Something that happened to an order. Neither contact nor key text.</summary>
/// <param name="At">When: as the input says it, else when it was recorded.</param>
/// <param name="From">Where it stands: a topic and place, or a table.</param>
/// <param name="What">For people.</param>
public sealed record StoryLine(DateTimeOffset At, string From, string What);

/// <summary>Everything that is known of an order, in time.</summary>
/// <param name="Notes">What could not be read, and why.</param>
public sealed record Story(string OrderId, IReadOnlyList<StoryLine> Lines, IReadOnlyList<string> Notes);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(Story))]
internal sealed partial class StoryJson : JsonSerializerContext;
