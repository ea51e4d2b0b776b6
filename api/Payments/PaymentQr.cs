using QRCoder;

namespace CardShop.Api.Payments;

/// <summary>A payment as a code to scan.</summary>
public static class PaymentQr
{
    /// <param name="text">What the phone reads: a link or a channel's own text.</param>
    /// <returns>An SVG picture, dark on light whatever the page's colours: some cameras read nothing else.</returns>
    public static string Svg(string text)
    {
        using var generator = new QRCodeGenerator();
        using var data = generator.CreateQrCode(text, QRCodeGenerator.ECCLevel.M);
        using var code = new SvgQRCode(data);
        return code.GetGraphic(4, "#000000", "#ffffff", sizingMode: SvgQRCode.SizingMode.ViewBoxAttribute);
    }
}
