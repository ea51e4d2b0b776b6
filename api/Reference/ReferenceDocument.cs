using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace CardShop.Api.Reference;

/// <summary>
/// What the OpenAPI document says beyond what the endpoints say themselves: who an operation is for, by which key, and an
/// example of every body. Examples are found by their type, so an endpoint that answers with a known type has one.
/// </summary>
internal static class ReferenceDocument
{
    private const string Json = "application/json";

    private static readonly (string Name, string Text, string Key)[] Readers =
    [
        ("buyers", "Order, pay and collect.", "Authorization: Bearer with the order's token, as POST /v1/orders answered it."),
        ("payments", "Where payment providers report, and what leads to their pages.", string.Empty),
        ("partners", "Events of many orders, for resellers.", "Authorization: Bearer with a partner's key."),
        ("operators", "What the shop's own people see and decide.", "Authorization: Bearer with an operator's key."),
    ];

    public static void Describe(OpenApiOptions options)
    {
        options.AddDocumentTransformer((document, _, _) =>
        {
            Introduce(document);
            return Task.CompletedTask;
        });
        options.AddOperationTransformer((operation, context, _) =>
        {
            var reader = ReaderOf(context.Description.RelativePath ?? string.Empty);
            operation.Tags = new HashSet<OpenApiTagReference> { new(reader, context.Document) };
            AddKey(operation, context, reader);
            AddExamples(operation, context, reader);
            return Task.CompletedTask;
        });
    }

    private static void Introduce(OpenApiDocument document)
    {
        document.Info = new()
        {
            Title = "CardShop",
            Version = "1",
            Description = "Sells card keys and delivers them seconds after payment. Amounts are whole fen, times are UTC (RFC 3339), errors are "
                + "problem details (RFC 9457) that say what to do. The interface only grows; messages of the topics are in asyncapi.yaml.",
        };
        document.Servers = [];
        document.Tags = new HashSet<OpenApiTag>(Readers.Select(r => new OpenApiTag { Name = r.Name, Description = r.Text }));
        document.Components ??= new();
        document.Components.SecuritySchemes ??= new Dictionary<string, IOpenApiSecurityScheme>();
        foreach (var (name, _, key) in Readers.Where(r => r.Key.Length > 0))
        {
            document.Components.SecuritySchemes[name] =
                new OpenApiSecurityScheme { Type = SecuritySchemeType.Http, Scheme = "bearer", Description = key };
        }
    }

    /// <returns>Whom an operation is for.</returns>
    internal static string ReaderOf(string path) => path switch
    {
        _ when path.StartsWith("v1/admin/", StringComparison.Ordinal) => "operators",
        _ when path.StartsWith("v1/payments/", StringComparison.Ordinal) => "payments",
        "v1/events" => "partners",
        _ when path.StartsWith("v1/webhooks/", StringComparison.Ordinal) => "partners",
        _ => "buyers",
    };

    /// <summary>Whatever may answer 401 takes a key; an order may be placed with a partner's or with none.</summary>
    private static void AddKey(OpenApiOperation operation, OpenApiOperationTransformerContext context, string reader)
    {
        if (operation.Responses?.ContainsKey("401") != true)
        {
            return;
        }

        var isPlacing = context.Description is { RelativePath: "v1/orders", HttpMethod: "POST" };
        OpenApiSecurityRequirement by = new() { [new(isPlacing ? "partners" : reader, context.Document)] = [] };
        operation.Security = isPlacing ? [new(), by] : [by];
        if (isPlacing)
        {
            (operation.Parameters ??= []).Add(new OpenApiParameter
            {
                Name = "Idempotency-Key",
                In = ParameterLocation.Header,
                Description = "16 to 255 printable ASCII characters that nobody can guess, the same in every repeat: the order is placed once.",
                Schema = new OpenApiSchema { Type = JsonSchemaType.String },
                Example = JsonValue.Create("7d9e1f3c5b2a4860"),
            });
        }
    }

    private static void AddExamples(OpenApiOperation operation, OpenApiOperationTransformerContext context, string reader)
    {
        var accepted = context.Description.ActionDescriptor.EndpointMetadata.OfType<IAcceptsMetadata>().FirstOrDefault()?.RequestType;
        foreach (var (_, body) in operation.RequestBody?.Content ?? new Dictionary<string, OpenApiMediaType>())
        {
            body.Example ??= accepted is null ? null : ReferenceExamples.Of(accepted);
        }

        foreach (var answer in context.Description.SupportedResponseTypes)
        {
            var status = answer.StatusCode;
            if (operation.Responses?.GetValueOrDefault(status.ToString(System.Globalization.CultureInfo.InvariantCulture))?.Content is not { } contents)
            {
                continue;
            }

            foreach (var (type, content) in contents)
            {
                content.Example ??= status >= 400
                    ? JsonSerializer.SerializeToNode(ProblemExamples.Of(status, reader), ApiJson.Default.Problem)
                    : type == Json ? ReferenceExamples.Of(answer.Type ?? typeof(void)) : ReferenceExamples.OfText(type);
            }
        }
    }
}
