using System.Text.Json;
using CardShop.Sandbox.Books;
using CardShop.Sandbox.Faults;
using CardShop.Shop.Channels.Alipay;
using CardShop.Shop.Channels.Rsa;

namespace CardShop.Sandbox.Alipay;

/// <summary>The gateway: <c>POST /alipay/gateway.do</c>.</summary>
internal sealed class AlipayEndpoints(
    AlipayTerminal terminal, SandboxBooks books, SandboxOptions options, FaultPlan faults, AlipayKeys keys,
    TimeProvider clock, ILogger log)
{
    private const string ErrorNode = "error_response";

    public void Map(IEndpointRouteBuilder routes) => routes.MapPost("/alipay/gateway.do", HandleAsync);

    private async Task HandleAsync(HttpContext context)
    {
        var fields = await AlipayRequestReader.ReadAsync(context.Request);
        var refusal = fields is null ? Invalid("isv.invalid-parameter", "参数格式不正确") : Check(fields);
        if (fields is null || refusal is not null)
        {
            Log.CallRefused(log, refusal!.SubCode);
            await WriteAsync(context, refusal, ErrorNode, keys.Provider);
            return;
        }

        var fault = faults.Take(AlipayTerminal.Provider, fields["method"]);
        if (!await CutBeforeAsync(context, fault))
        {
            await ServeAsync(context, fields, fault);
        }
    }

    private async Task ServeAsync(HttpContext context, Dictionary<string, string> fields, Fault? fault)
    {
        var method = fields["method"];
        var answer = Execute(fields, method, PayPages(context.Request), fault?.Kind == FaultKind.WrongAmount);
        if (answer is null)
        {
            await WriteAsync(context, Invalid("isv.invalid-method", "不存在的方法名"), ErrorNode, keys.Provider);
            return;
        }

        if (options.AutoPay && method == AlipayMethods.Precreate && answer.SubCode.Length == 0)
        {
            // The buyer pays once the shop has the link, or has been cut off from it.
            var number = answer.Fields.First(one => one.Key == "out_trade_no").Value;
            context.Response.OnCompleted(() =>
            {
                books.Pay(number);
                return Task.CompletedTask;
            });
        }

        if (fault?.Kind is FaultKind.DropAfter or FaultKind.TimeoutAfter)
        {
            await CutAsync(context, fault, hold: fault.Kind == FaultKind.TimeoutAfter);
            return;
        }

        var key = fault?.Kind == FaultKind.ForgedSignature ? keys.Forger : keys.Provider;
        await WriteAsync(context, answer, method.Replace('.', '_') + "_response", key);
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

    private AlipayReply? Execute(Dictionary<string, string> fields, string method, string payPages, bool lie)
    {
        try
        {
            using var content = JsonDocument.Parse(
                fields.GetValueOrDefault("biz_content") ?? "",
                new JsonDocumentOptions { AllowDuplicateProperties = false, MaxDepth = 16 });
            return content.RootElement.ValueKind == JsonValueKind.Object
                ? terminal.Answer(
                    method, fields.GetValueOrDefault("notify_url") ?? "", content.RootElement, payPages, lie)
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

    private async Task<bool> CutBeforeAsync(HttpContext context, Fault? fault)
    {
        switch (fault?.Kind)
        {
            case FaultKind.Delay:
                await Task.Delay(TimeSpan.FromMilliseconds(fault.Milliseconds), clock, context.RequestAborted);
                return false;
            case FaultKind.Status:
                context.Response.StatusCode = fault.Status;
                return true;
            case FaultKind.DropBefore:
            case FaultKind.TimeoutBefore:
                await CutAsync(context, fault, hold: fault.Kind == FaultKind.TimeoutBefore);
                return true;
            case null:
            case FaultKind.DropAfter:
            case FaultKind.TimeoutAfter:
            case FaultKind.WrongAmount:
            case FaultKind.ForgedSignature:
            default:
                return false;
        }
    }

    private async Task CutAsync(HttpContext context, Fault fault, bool hold)
    {
        if (hold)
        {
            try
            {
                await Task.Delay(TimeSpan.FromMilliseconds(fault.Milliseconds), clock, context.RequestAborted);
            }
            catch (OperationCanceledException)
            {
                // the caller had enough first
            }
        }

        context.Abort();
    }

    private string PayPages(HttpRequest request) => string.IsNullOrEmpty(options.PublicUrl)
        ? $"{request.Scheme}://{request.Host}"
        : options.PublicUrl.TrimEnd('/');

    private static AlipayReply Invalid(string subCode, string subMessage) =>
        AlipayReply.Refused("40002", "Invalid Arguments", subCode, subMessage);

    private static async Task WriteAsync(HttpContext context, AlipayReply reply, string node, RsaKey key)
    {
        var body = reply.Write(node, key);
        context.Response.ContentType = "text/html;charset=utf-8"; // as the provider does
        context.Response.ContentLength = body.Length;
        await context.Response.Body.WriteAsync(body, context.RequestAborted);
    }
}
