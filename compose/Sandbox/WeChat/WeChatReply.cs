using System.Text.Json;
using CardShop.Shop.Channels.WeChat;

namespace CardShop.Sandbox.WeChat;

/// <summary>An answer before it is signed.</summary>
/// <param name="Body">Empty for 204.</param>
internal sealed record WeChatReply(int Status, byte[] Body)
{
    /// <summary>The trade that this answer opens or closes, if it does.</summary>
    public string? Number { get; init; }

    public bool IsSuccess => Status is StatusCodes.Status200OK or StatusCodes.Status204NoContent;

    public static WeChatReply Success(Action<Utf8JsonWriter> members) =>
        new(StatusCodes.Status200OK, WeChatJson.Write(members));

    public static WeChatReply Nothing() => new(StatusCodes.Status204NoContent, []);

    public static WeChatReply Failed(int status, string code, string message) => new(status, WeChatJson.Write(json =>
    {
        json.WriteString("code", code);
        json.WriteString("message", message);
    }));

    public static WeChatReply Parameter(string message) =>
        Failed(StatusCodes.Status400BadRequest, "PARAM_ERROR", message);
}
