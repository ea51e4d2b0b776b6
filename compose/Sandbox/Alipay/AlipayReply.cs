using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using CardShop.Shop.Channels.Alipay;
using CardShop.Shop.Channels.Rsa;

namespace CardShop.Sandbox.Alipay;

/// <summary>An answer of the gateway before it is signed: the node's fields in order.</summary>
internal sealed record AlipayReply(IReadOnlyList<KeyValuePair<string, string>> Fields)
{
    private static readonly JsonWriterOptions Relaxed = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public string SubCode => Value("sub_code") ?? "";

    /// <summary>The number of the trade that the answer is about.</summary>
    public string? Number => Value("out_trade_no");

    public static AlipayReply Success(params (string Name, string Value)[] fields) =>
        Of([("code", "10000"), ("msg", "Success"), .. fields]);

    /// <summary>The business refused: code 40004.</summary>
    public static AlipayReply Failed(string subCode, string subMessage) =>
        Of([("code", "40004"), ("msg", "Business Failed"), ("sub_code", subCode), ("sub_msg", subMessage)]);

    /// <summary>The gateway refused before any business.</summary>
    public static AlipayReply Refused(string code, string message, string subCode, string subMessage) =>
        Of([("code", code), ("msg", message), ("sub_code", subCode), ("sub_msg", subMessage)]);

    /// <summary>The whole signed answer.</summary>
    public byte[] Write(string node, RsaKey key)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream, Relaxed))
        {
            json.WriteStartObject();
            foreach (var (name, value) in Fields)
            {
                json.WriteString(name, value);
            }

            json.WriteEndObject();
        }

        var signed = Encoding.UTF8.GetString(stream.GetBuffer(), 0, (int)stream.Length);
        return Encoding.UTF8.GetBytes($$"""{"{{node}}":{{signed}},"sign":"{{AlipaySignature.Sign(key, signed)}}"}""");
    }

    private string? Value(string name) => Fields.FirstOrDefault(one => one.Key == name).Value;

    private static AlipayReply Of(IEnumerable<(string Name, string Value)> fields) =>
        new([.. fields.Select(one => KeyValuePair.Create(one.Name, one.Value))]);
}
