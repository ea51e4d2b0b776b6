using System.Text;
using CardShop.Sandbox.Providers;
using CardShop.Shop.Channels.Rsa;
using CardShop.Shop.Channels.UnionPay;

namespace CardShop.Sandbox.UnionPay;

/// <summary>An answer before it is signed.</summary>
internal sealed record UnionPayReply(Dictionary<string, string> Fields)
{
    /// <summary>What every answer gives back of its request.</summary>
    private static readonly string[] Echoed =
    [
        "accessType", "bizType", "encoding", "merId", "orderId", "reqReserved", "signMethod", "txnSubType", "txnTime",
        "txnType", "version",
    ];

    public string Code => Fields["respCode"];

    public static UnionPayReply Of(
        IReadOnlyDictionary<string, string> request, string code, params (string Name, string Value)[] more)
    {
        var fields = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var name in Echoed)
        {
            if (request.TryGetValue(name, out var value) && value.Length > 0)
            {
                fields[name] = value;
            }
        }

        fields["respCode"] = code;
        fields["respMsg"] = MessageOf(code);
        foreach (var (name, value) in more)
        {
            fields[name] = value;
        }

        return new UnionPayReply(fields);
    }

    public static string MessageOf(string code) => code switch
    {
        "00" => "成功[0000000]",
        "04" => "交易状态未明，请查询对账结果[4000001]",
        "05" => "交易已受理，请稍后查询交易结果[5000001]",
        "06" => "系统繁忙，请稍后再试[6000001]",
        "10" => "报文格式错误[1000001]",
        "11" => "验证签名失败[9100004]",
        "12" => "重复交易[2050001]",
        "13" => "报文交易要素缺失[1300001]",
        "31" => "商户状态不正确[3100001]",
        "34" => "查无此交易[2600000]",
        "35" => "原交易不存在或状态不正确[2040004]",
        "36" => "与原交易信息不符[2010002]",
        "64" => "卡上的余额不足[6400001]",
        "45" => "原交易已被成功退货或已被成功撤销[2050004]",
        _ => "交易失败[0100001]",
    };

    /// <summary>As back calls are answered: signed, nothing encoded.</summary>
    public ProviderReply Write(RsaKey key, string certificate) => new(
        StatusCodes.Status200OK, "text/html;charset=UTF-8",
        Encoding.UTF8.GetBytes(UnionPayText.WriteAnswer(Sign(Fields, key, certificate))));

    /// <summary>The fields with certificate and signature.</summary>
    public static Dictionary<string, string> Sign(
        IReadOnlyDictionary<string, string> fields, RsaKey key, string certificate)
    {
        var signed = new Dictionary<string, string>(fields, StringComparer.Ordinal) { ["signPubKeyCert"] = certificate };
        signed["signature"] = UnionPaySignature.Sign(key, UnionPaySignature.TextOf(signed));
        return signed;
    }
}
