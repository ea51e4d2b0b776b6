using System.Net.Mime;
using System.Text;
using System.Text.Encodings.Web;
using CardShop.Sandbox.Alipay;
using CardShop.Sandbox.Faults;
using CardShop.Sandbox.Providers;
using CardShop.Shop.Channels.UnionPay;

namespace CardShop.Sandbox.UnionPay;

/// <summary>The gateway: the three addresses below <c>/unionpay/gateway/api/</c>.</summary>
internal sealed class UnionPayEndpoints(
    UnionPayTerminal terminal, SandboxOptions options, CallGate gate, FaultPlan faults, UnionPayKeys keys,
    TimeProvider clock, ILogger log)
{
    private static readonly string[] Needed =
        ["version", "encoding", "signMethod", "txnType", "txnSubType", "merId", "orderId", "txnTime", "certId", "signature"];

    public void Map(IEndpointRouteBuilder routes)
    {
        var gateway = routes.MapGroup("/unionpay");
        gateway.MapPost(UnionPayPaths.Front, FrontAsync);
        gateway.MapPost(UnionPayPaths.Back, BackAsync);
        gateway.MapPost(UnionPayPaths.Query, QueryAsync);
    }

    /// <summary>A browser's form: on success it is sent on to the pay page.</summary>
    private async Task FrontAsync(HttpContext context)
    {
        var (request, refusal) = await ReadAsync(context);
        if (refusal is null && TypeOf(request) != "01/01")
        {
            refusal = UnionPayReply.Of(request, "10");
        }

        if (refusal is not null)
        {
            await CallGate.WriteAsync(context, Page(refusal));
            return;
        }

        await gate.RunAsync(context, UnionPayTerminal.Provider, SandboxCall.Create, "frontTransReq", () => request["orderId"], _ =>
        {
            var site = CallGate.Site(context.Request, options);
            var reply = Try(request, () => terminal.Create(request, onPage: true, site));
            return reply.Code != "00" ? Page(reply) : new ProviderReply(StatusCodes.Status303SeeOther, "", [])
            {
                Headers = [KeyValuePair.Create("Location", $"{site}/pay/{request["orderId"]}")],
                Opened = request["orderId"],
            };
        });
    }

    private async Task BackAsync(HttpContext context)
    {
        var (request, refusal) = await ReadAsync(context);
        var call = TypeOf(request) switch
        {
            "01/07" => SandboxCall.Create,
            "04/00" => SandboxCall.Refund,
            _ => (SandboxCall?)null,
        };
        if (refusal is not null || call is null)
        {
            await CallGate.WriteAsync(context, Write(refusal ?? UnionPayReply.Of(request, "10"), null));
            return;
        }

        await gate.RunAsync(context, UnionPayTerminal.Provider, call.Value, "backTransReq", () => terminal.NumberOf(request), fault =>
        {
            var site = CallGate.Site(context.Request, options);
            var reply = Try(request, () => call == SandboxCall.Create
                ? terminal.Create(request, onPage: false, site)
                : terminal.Refund(request, fault));
            return Write(reply, fault) with
            {
                Opened = call == SandboxCall.Create && reply.Code == "00" ? request["orderId"] : null,
            };
        });
    }

    private async Task QueryAsync(HttpContext context)
    {
        var (request, refusal) = await ReadAsync(context);
        if (refusal is not null || TypeOf(request) != "00/00")
        {
            await CallGate.WriteAsync(context, Write(refusal ?? UnionPayReply.Of(request, "10"), null));
            return;
        }

        // There is no call to close a trade: the shop learns from a query after payTimeout that it is over.
        var found = terminal.Find(request);
        var ends = found is { Refund: null, Trade: { PaidAt: null } trade } && trade.Order.ExpiresAt <= clock.GetUtcNow()
            && faults.List().Any(one => one.Kind == FaultKind.LateSuccess
                && one.Befalls(UnionPayTerminal.Provider, SandboxCall.Close, null, trade.Number));
        var call = ends ? SandboxCall.Close : found?.Refund is null ? SandboxCall.Query : SandboxCall.RefundQuery;
        await gate.RunAsync(context, UnionPayTerminal.Provider, call, "queryTrans", () => found?.Trade.Number, fault =>
            Write(Try(request, () => terminal.Query(request, fault)), fault) with
            {
                Closed = ends ? found!.Value.Trade.Number : null,
            });
    }

    /// <summary>The fields, and what is wrong with them before any business.</summary>
    private async Task<(IReadOnlyDictionary<string, string> Request, UnionPayReply? Refusal)> ReadAsync(HttpContext context)
    {
        var request = await AlipayRequestReader.ReadAsync(context.Request);
        var refusal = request is null ? "10" : Check(request);
        if (refusal is not null)
        {
            Log.CallRefused(log, refusal);
        }

        request ??= [];
        return (request, refusal is null ? null : UnionPayReply.Of(request, refusal));
    }

    private string? Check(Dictionary<string, string> request)
    {
        if (Needed.Any(name => string.IsNullOrEmpty(request.GetValueOrDefault(name))))
        {
            return "13";
        }

        if (request["version"] != "5.1.0" || request["signMethod"] != "01" || request["encoding"] != "UTF-8")
        {
            return "10";
        }

        if (request["merId"] != options.UnionPay.MerchantId)
        {
            return "31";
        }

        // The certId picks the key; this merchant has one.
        return request["certId"] == options.UnionPay.CertificateId
            && UnionPaySignature.Verify(keys.Merchant, UnionPaySignature.TextOf(request), request["signature"])
            ? null
            : "11";
    }

    private UnionPayReply Try(IReadOnlyDictionary<string, string> request, Func<UnionPayReply> act)
    {
        try
        {
            return act();
        }
        catch (IOException failure)
        {
            Log.JournalFailed(log, failure);
            return UnionPayReply.Of(request, "02");
        }
    }

    private static string TypeOf(IReadOnlyDictionary<string, string> request) =>
        request.GetValueOrDefault("txnType") + "/" + request.GetValueOrDefault("txnSubType");

    private ProviderReply Write(UnionPayReply reply, FaultKind? fault) =>
        reply.Write(fault == FaultKind.ForgedSignature ? keys.Forger : keys.Provider, keys.Certificate);

    /// <summary>What a person sees whose form was not taken.</summary>
    private static ProviderReply Page(UnionPayReply reply) => new(
        StatusCodes.Status400BadRequest, MediaTypeNames.Text.Html + "; charset=utf-8",
        Encoding.UTF8.GetBytes(
            "<!doctype html><meta charset=\"utf-8\"><title>UnionPay</title><p>"
            + HtmlEncoder.Default.Encode($"{reply.Code}: {reply.Fields["respMsg"]}") + "</p>"));
}
