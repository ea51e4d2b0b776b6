using System.Text.Json;

namespace CardShop.Tests.Integration.Reference;

/// <summary>What an OpenAPI document lacks for somebody who reads nothing else. Pure.</summary>
internal static class ReferenceReview
{
    private static readonly string[] Methods = ["get", "put", "post", "delete", "patch"];

    /// <returns>A line per gap.</returns>
    public static IReadOnlyList<string> Gaps(JsonElement document) =>
    [
        .. from path in document.GetProperty("paths").EnumerateObject()
           from operation in path.Value.EnumerateObject()
           where Methods.Contains(operation.Name)
           from gap in GapsOf(operation.Value)
           select $"{operation.Name.ToUpperInvariant()} {path.Name}: {gap}",
    ];

    private static IEnumerable<string> GapsOf(JsonElement operation)
    {
        if (!operation.TryGetProperty("summary", out var summary) || string.IsNullOrWhiteSpace(summary.GetString()))
        {
            yield return "no summary";
        }

        if (operation.TryGetProperty("requestBody", out var body))
        {
            foreach (var gap in Bare(body, "request"))
            {
                yield return gap;
            }
        }

        var answers = operation.GetProperty("responses").EnumerateObject().ToList();
        if (!answers.Exists(a => a.Name.StartsWith('2')))
        {
            yield return "no success answer";
        }

        if (!answers.Exists(a => a.Name[0] is '4' or '5'))
        {
            yield return "no error code";
        }

        foreach (var answer in answers)
        {
            var gaps = answer.Name[0] is '4' or '5' ? Problem(answer.Value, answer.Name) : Bare(answer.Value, "answer " + answer.Name);
            foreach (var gap in gaps)
            {
                yield return gap;
            }
        }
    }

    private static IEnumerable<string> Problem(JsonElement answer, string status) =>
        answer.TryGetProperty("content", out var contents)
        && contents.TryGetProperty("application/problem+json", out var content)
        && content.TryGetProperty("example", out var example)
        && example.GetProperty("status").GetRawText() == status
        && example.GetProperty("title").GetString() is { Length: > 0 }
            ? []
            : [$"answer {status} has no example of its problem"];

    /// <summary>204 has no content; everything else has one, with an example.</summary>
    private static IEnumerable<string> Bare(JsonElement part, string name) =>
        !part.TryGetProperty("content", out var contents)
            ? name == "answer 204" ? [] : [$"{name} has no content"]
            : contents.EnumerateObject().Where(c => !c.Value.TryGetProperty("example", out _)).Select(c => $"{name} has no example of {c.Name}");
}
