using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using CardShop.Sandbox.Faults;
using CardShop.Sandbox.Providers;
using CardShop.Shop.Channels.Alipay;
using CardShop.Shop.Channels.Rsa;

namespace CardShop.Sandbox.Alipay;

/// <summary>The gateway: <c>/alipay/gateway.do</c>, POST for the merchant's calls and GET for the buyer's browser.</summary>
internal sealed class AlipayEndpoints(
    AlipayTerminal terminal, SandboxOptions options, CallGate gate, AlipayKeys keys, ILogger log)
{
    private const string ErrorNode = "error_response";

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost("/alipay/gateway.do", HandleAsync);
        routes.MapGet("/alipay/gateway.do", PageAsync);
    }

    private async Task HandleAsync(HttpContext context)
    {
        var fields = await AlipayRequestReader.ReadAsync(context.Request);
        var refusal = fields is null ? Invalid("isv.invalid-parameter", "参数格式不正确") : Check(fields);
        if (fields is null || refusal is not null)
        {
            Log.CallRefused(log, refusal!.SubCode);
            await CallGate.WriteAsync(context, Sign(refusal, ErrorNode, keys.Provider));
            return;
        }

        var method = fields["method"];
        if (AlipayTerminal.CallOf(method) is not { } call)
        {
            await CallGate.WriteAsync(
                context, Sign(Invalid("isv.invalid-method", "不存在的方法名"), ErrorNode, keys.Provider));
            return;
        }

        var site = CallGate.Site(context.Request, options);
        await gate.RunAsync(context, AlipayTerminal.Provider, call, method, () => NumberOf(fields), fault =>
        {
            var answer = Execute(fields, call, site, fault);
            var succeeded = answer.SubCode.Length == 0;
            var key = fault == FaultKind.ForgedSignature ? keys.Forger : keys.Provider;
            return Sign(answer, method.Replace('.', '_') + "_response", key) with
            {
                Opened = succeeded && call == SandboxCall.Create ? answer.Number : null,
                Closed = succeeded && call == SandboxCall.Close ? answer.Number : null,
            };
        });
    }

    /// <summary>A browser with a signed address of <c>alipay.trade.page.pay</c>: it is sent on to the pay page.</summary>
    private async Task PageAsync(HttpContext context)
    {
        var fields = await AlipayRequestReader.ReadAsync(context.Request);
        var refusal = fields is null ? Invalid("isv.invalid-parameter", "参数格式不正确")
            : Check(fields)
                ?? (fields["method"] == AlipayMethods.PagePay ? null : Invalid("isv.invalid-method", "不存在的方法名"));
        if (fields is null || refusal is not null)
        {
            Log.CallRefused(log, refusal!.SubCode);
            await CallGate.WriteAsync(context, Page(refusal));
            return;
        }

        var site = CallGate.Site(context.Request, options);
        await gate.RunAsync(context, AlipayTerminal.Provider, SandboxCall.Create, AlipayMethods.PagePay, () => NumberOf(fields), _ =>
        {
            var answer = With(
                fields, content => terminal.Create(fields.GetValueOrDefault("notify_url") ?? "", content, site, onPage: true));
            return answer.SubCode.Length > 0 ? Page(answer) : new ProviderReply(StatusCodes.Status303SeeOther, "", [])
            {
                Headers = [KeyValuePair.Create("Location", $"{site}/pay/{answer.Number}")],
                Opened = answer.Number,
            };
        });
    }

    /// <summary>The common parameters and the signature; null when all is well.</summary>
    private AlipayReply? Check(Dictionary<string, string> fields)
    {
        foreach (var name in (string[])["method", "app_id", "charset", "sign_type", "sign", "timestamp", "version"])
        {
            if (string.IsNullOrEmpty(fields.GetValueOrDefault(name)))
            {
                var part = name == "sign" ? "signature" : name.Replace('_', '-');
                return AlipayReply.Refused(
                    "40001", "Missing Required Arguments", "isv.missing-" + part, "缺少参数" + name);
            }
        }

        if (fields["app_id"] != options.Alipay.AppId)
        {
            return Invalid("isv.invalid-app-id", "无效的AppID参数");
        }

        if (!fields["charset"].Equals("utf-8", StringComparison.OrdinalIgnoreCase))
        {
            return Invalid("isv.invalid-charset", "字符集错误");
        }

        if (fields["sign_type"] != "RSA2")
        {
            return Invalid("isv.invalid-signature-type", "无效的签名类型");
        }

        if (AlipayText.ParseTime(fields["timestamp"]) is null)
        {
            return Invalid("isv.invalid-timestamp", "非法的时间戳参数");
        }

        return AlipaySignature.Verify(keys.Merchant, AlipaySignature.OfRequest(fields), fields["sign"])
            ? null
            : Invalid("isv.invalid-signature", "验签出错");
    }

    private static string? NumberOf(Dictionary<string, string> fields)
    {
        try
        {
            using var content = JsonDocument.Parse(fields.GetValueOrDefault("biz_content") ?? "");
            return content.RootElement.ValueKind == JsonValueKind.Object
                && content.RootElement.TryGetProperty("out_trade_no", out var number)
                && number.ValueKind == JsonValueKind.String
                ? number.GetString()
                : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private AlipayReply Execute(Dictionary<string, string> fields, SandboxCall call, string site, FaultKind? fault) =>
        With(fields, content => terminal.Answer(call, fields.GetValueOrDefault("notify_url") ?? "", content, site, fault));

    /// <summary>The business with the call's content, or why there is none.</summary>
    private AlipayReply With(Dictionary<string, string> fields, Func<JsonElement, AlipayReply> act)
    {
        try
        {
            using var content = JsonDocument.Parse(
                fields.GetValueOrDefault("biz_content") ?? "",
                new JsonDocumentOptions { AllowDuplicateProperties = false, MaxDepth = 16 });
            return content.RootElement.ValueKind == JsonValueKind.Object
                ? act(content.RootElement)
                : Invalid("isv.invalid-parameter", "参数无效");
        }
        catch (JsonException)
        {
            return Invalid("isv.invalid-parameter", "参数无效");
        }
        catch (IOException failure)
        {
            Log.JournalFailed(log, failure);
            return AlipayReply.Refused("20000", "Service Currently Unavailable", "isp.unknow-error", "系统繁忙");
        }
    }

    /// <summary>What a person sees whose address was not taken.</summary>
    private static ProviderReply Page(AlipayReply reply) => new(
        StatusCodes.Status400BadRequest, "text/html; charset=utf-8",
        Encoding.UTF8.GetBytes(
            "<!doctype html><meta charset=\"utf-8\"><title>Alipay</title><p>" + HtmlEncoder.Default.Encode(reply.SubCode) + "</p>"));

    private static AlipayReply Invalid(string subCode, string subMessage) =>
        AlipayReply.Refused("40002", "Invalid Arguments", subCode, subMessage);

    private static ProviderReply Sign(AlipayReply reply, string node, RsaKey key) =>
        new(StatusCodes.Status200OK, "text/html;charset=utf-8", reply.Write(node, key)); // as the provider does
}
