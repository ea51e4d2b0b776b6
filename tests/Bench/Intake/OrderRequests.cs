using System.Globalization;
using System.Text;

namespace CardShop.Tests.Bench.Intake;

/// <summary>
/// Ready-made requests: <c>POST /v1/orders</c> with products and contacts that vary. With keys, each use of a request
/// gets an Idempotency-Key of its own, written over its place in the bytes.
/// </summary>
internal sealed class OrderRequests
{
    private const int Variants = 4_096;
    private const int KeyDigits = 12;

    private readonly byte[][] _requests = new byte[Variants][];
    private readonly int _keyAt;
    private readonly bool _withKey;
    private long _next;

    public OrderRequests(Uri server, IReadOnlyList<string> skus, bool withKey)
    {
        _withKey = withKey;
        var run = Guid.NewGuid().ToString("N");
        for (var i = 0; i < Variants; i++)
        {
            var body = string.Create(
                CultureInfo.InvariantCulture,
                $$"""{"sku":"{{skus[i % skus.Count]}}","quantity":{{1 + (i % 3)}},"contact":"buyer{{i * 7919}}@mail{{i % 97}}.example.org","channel":"alipay"}""");
            var head = $"POST /v1/orders HTTP/1.1\r\nHost: {server.Authority}\r\nContent-Type: application/json\r\n";
            var key = withKey ? $"Idempotency-Key: {run}-" : string.Empty;
            _keyAt = head.Length + key.Length;
            var rest = (withKey ? new string('0', KeyDigits) + "\r\n" : string.Empty)
                + string.Create(CultureInfo.InvariantCulture, $"Content-Length: {body.Length}\r\n\r\n{body}");
            _requests[i] = Encoding.ASCII.GetBytes(head + key + rest);
        }
    }

    /// <summary>The next request; its bytes are valid until it comes round again.</summary>
    public ReadOnlySpan<byte> Next()
    {
        var number = _next++;
        var request = _requests[number % Variants];
        if (_withKey)
        {
            number.TryFormat(request.AsSpan(_keyAt, KeyDigits), out _, "D12", CultureInfo.InvariantCulture);
        }

        return request;
    }
}
