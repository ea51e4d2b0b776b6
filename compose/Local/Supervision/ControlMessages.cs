using System.Text.Json.Serialization;

namespace CardShop.Local.Supervision;

/// <summary>A question on the control channel: one line of JSON.</summary>
/// <param name="Action">status, start, stop, kill or down.</param>
/// <param name="Part">The part that start, stop and kill mean.</param>
public sealed record ControlRequest(string Action, string? Part = null);

/// <summary>The answer: one line of JSON.</summary>
/// <param name="Ok">Was it done?</param>
/// <param name="Message">For the user.</param>
/// <param name="Ready">Is everything up?</param>
/// <param name="Parts">All parts, for status.</param>
public sealed record ControlResponse(bool Ok, string Message, bool Ready, IReadOnlyList<PartStatus> Parts);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(ControlRequest))]
[JsonSerializable(typeof(ControlResponse))]
internal sealed partial class ControlJson : JsonSerializerContext;
