using System.Security.Cryptography;
using System.Text.Json;
using CardShop.Sandbox.Faults;
using CardShop.Sandbox.Providers;
using CardShop.Shop.Channels.Rsa;
using CardShop.Shop.Channels.WeChat;

namespace CardShop.Sandbox.WeChat;

/// <summary>The calls of API v3, below <c>/wechat</c>: that address is the shop's gateway setting.</summary>
internal sealed class WeChatEndpoints(
    WeChatTerminal terminal, SandboxOptions options, CallGate gate, WeChatKeys keys, TimeProvider clock, ILogger log)
{
    private const int MaxBytes = 64 * 1024;
    private const string JsonType = "application/json; charset=utf-8";

    private delegate WeChatReply Call(JsonElement content, FaultKind? fault);

    public void Map(IEndpointRouteBuilder routes)
    {
        var v3 = routes.MapGroup("/wechat/v3");
        v3.MapPost("/pay/transactions/native", context => RunAsync(
            context, SandboxCall.Create,
            (content, _) => terminal.Native(content, CallGate.Site(context.Request, options))));
        v3.MapGet("/pay/transactions/out-trade-no/{number}", context => RunAsync(
            context, SandboxCall.Query,
            (_, fault) => terminal.Query(terminal.Find(Value(context, "number")), Merchant(context), fault)));
        v3.MapGet("/pay/transactions/id/{number}", context => RunAsync(
            context, SandboxCall.Query,
            (_, fault) => terminal.Query(terminal.FindByTradeNo(Value(context, "number")), Merchant(context), fault)));
        v3.MapPost("/pay/transactions/out-trade-no/{number}/close", context => RunAsync(
            context, SandboxCall.Close, (content, _) => terminal.Close(Value(context, "number"), content)));
        v3.MapPost("/refund/domestic/refunds", context => RunAsync(context, SandboxCall.Refund, terminal.Refund));
        v3.MapGet("/refund/domestic/refunds/{number}", context => RunAsync(
            context, SandboxCall.RefundQuery,
            (_, fault) => terminal.RefundQuery(Value(context, "number"), fault)));
    }

    private async Task RunAsync(HttpContext context, SandboxCall call, Call execute)
    {
        var buffer = new byte[MaxBytes + 1];
        var length = await context.Request.Body.ReadAtLeastAsync(
            buffer, buffer.Length, throwOnEndOfStream: false, context.RequestAborted);
        if (length > MaxBytes)
        {
            await CallGate.WriteAsync(context, Unsigned(WeChatReply.Parameter("请求包体过大")));
            return;
        }

        var body = buffer.AsMemory(0, length);
        var fault = WeChatAuthorization.WhyNot(
            context.Request, body.Span, options.WeChat, keys.Merchant, clock.GetUtcNow());
        if (fault is not null)
        {
            // Who does not prove to be the merchant gets no signature either.
            Log.CallRefused(log, "SIGN_ERROR");
            await CallGate.WriteAsync(context, Unsigned(WeChatReply.Failed(
                StatusCodes.Status401Unauthorized, "SIGN_ERROR", fault)));
            return;
        }

        await gate.RunAsync(context, WeChatTerminal.Provider, call, null, () => NumberOf(context, call, body), kind =>
        {
            var reply = Execute(context.Request, body, execute, kind);
            return Sign(reply, kind == FaultKind.ForgedSignature ? keys.Forger : keys.Platform) with
            {
                Opened = call == SandboxCall.Create ? reply.Number : null,
                Closed = call == SandboxCall.Close ? reply.Number : null,
            };
        });
    }

    /// <summary>The trade that a call is about: named in the address, or in the content.</summary>
    private string? NumberOf(HttpContext context, SandboxCall call, ReadOnlyMemory<byte> body) =>
        context.Request.RouteValues["number"] is not string number
            ? WeChatJson.Read(body) is { } content ? terminal.NumberOf(content) : null
        : call == SandboxCall.RefundQuery ? terminal.FindByRefund(number)?.Number
        : terminal.Find(number)?.Number ?? terminal.FindByTradeNo(number)?.Number ?? number;

    private WeChatReply Execute(HttpRequest request, ReadOnlyMemory<byte> body, Call execute, FaultKind? fault)
    {
        var isPost = HttpMethods.IsPost(request.Method);
        var content = isPost ? WeChatJson.Read(body) : default(JsonElement);
        if (content is null || (isPost && !request.HasJsonContentType()))
        {
            return WeChatReply.Parameter("请求包体不是合法的JSON");
        }

        // In public-key mode a request must name the key; a wrong name is answered as the provider does.
        var asked = request.Headers[WeChatHeaders.Serial].ToString();
        if (asked.Length > 0 && asked != options.WeChat.PlatformSerial)
        {
            return WeChatReply.Failed(StatusCodes.Status500InternalServerError, "SYSTEM_ERROR", "系统异常，请稍后重试");
        }

        try
        {
            return execute(content.Value, fault);
        }
        catch (IOException failure)
        {
            Log.JournalFailed(log, failure);
            return WeChatReply.Failed(StatusCodes.Status500InternalServerError, "SYSTEM_ERROR", "系统异常，请稍后重试");
        }
    }

    private ProviderReply Sign(WeChatReply reply, RsaKey key)
    {
        var timestamp = WeChatSignature.Timestamp(clock.GetUtcNow());
        var nonce = RandomNumberGenerator.GetHexString(32);
        return Unsigned(reply) with
        {
            Headers =
            [
                KeyValuePair.Create("Request-ID", RandomNumberGenerator.GetHexString(32)),
                KeyValuePair.Create(WeChatHeaders.Serial, options.WeChat.PlatformSerial),
                KeyValuePair.Create(WeChatHeaders.Timestamp, timestamp),
                KeyValuePair.Create(WeChatHeaders.Nonce, nonce),
                KeyValuePair.Create(
                    WeChatHeaders.Signature,
                    WeChatSignature.Sign(key, WeChatSignature.OfMessage(timestamp, nonce, reply.Body))),
                KeyValuePair.Create(WeChatHeaders.SignatureType, WeChatSignature.Scheme),
            ],
        };
    }

    private static ProviderReply Unsigned(WeChatReply reply) =>
        new(reply.Status, reply.Body.Length == 0 ? "" : JsonType, reply.Body);

    private static string Value(HttpContext context, string name) => (string)context.Request.RouteValues[name]!;

    private static string Merchant(HttpContext context) => context.Request.Query["mchid"].ToString();
}
