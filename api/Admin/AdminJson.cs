using System.Text.Json.Serialization;
using CardShop.Api.Admin.Commands;
using CardShop.Contracts;

namespace CardShop.Api.Admin;

/// <summary>JSON of operators' requests: unknown and doubled fields are refused.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    AllowDuplicateProperties = false,
    NumberHandling = JsonNumberHandling.Strict)]
[JsonSerializable(typeof(DecisionRequest))]
[JsonSerializable(typeof(RefundRequest))]
[JsonSerializable(typeof(ConfirmPaidRequest))]
[JsonSerializable(typeof(HandOverRequest))]
[JsonSerializable(typeof(ReplaceRequest))]
[JsonSerializable(typeof(ProductRequest))]
[JsonSerializable(typeof(ApproveRequest))]
[JsonSerializable(typeof(SessionRequest))]
[JsonSerializable(typeof(CommandRequest))]
public sealed partial class AdminRequestJson : JsonSerializerContext;

/// <summary>JSON of answers to operators.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    Converters = [typeof(UtcTimeConverter)])]
[JsonSerializable(typeof(AdminMe))]
[JsonSerializable(typeof(AdminSessionView))]
[JsonSerializable(typeof(CommandOutput))]
[JsonSerializable(typeof(AdminDone))]
[JsonSerializable(typeof(AdminWaiting))]
[JsonSerializable(typeof(AdminApprovalState))]
[JsonSerializable(typeof(AdminApprovals))]
[JsonSerializable(typeof(AdminAudit))]
[JsonSerializable(typeof(AdminReviews))]
[JsonSerializable(typeof(AdminProduct))]
[JsonSerializable(typeof(AdminProducts))]
[JsonSerializable(typeof(AdminStock))]
[JsonSerializable(typeof(AdminOverview))]
[JsonSerializable(typeof(AdminOrder))]
public sealed partial class AdminJson : JsonSerializerContext;
