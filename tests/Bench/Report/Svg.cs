using System.Globalization;
using System.Net;
using System.Text;

namespace CardShop.Tests.Bench.Report;

/// <summary>
/// A picture being written: shapes with classes whose colours suit a light and a dark page. Every text is escaped. The
/// colours are plain rules, one set for each, so that viewers without custom properties show the light one.
/// </summary>
internal sealed class Svg
{
    private readonly StringBuilder _body = new();

    public void Rect(double x, double y, double width, double height, string @class, double radius = 0) => _body.Append(
        CultureInfo.InvariantCulture,
        $"<rect x=\"{x:0.0}\" y=\"{y:0.0}\" width=\"{Math.Max(0, width):0.0}\" height=\"{height:0.0}\" rx=\"{radius:0.#}\" class=\"{@class}\"/>\n");

    public void Line(double x1, double y1, double x2, double y2, string @class) => _body.Append(
        CultureInfo.InvariantCulture, $"<line x1=\"{x1:0.0}\" y1=\"{y1:0.0}\" x2=\"{x2:0.0}\" y2=\"{y2:0.0}\" class=\"{@class}\"/>\n");

    public void Path(string path, string @class) =>
        _body.Append(CultureInfo.InvariantCulture, $"<path d=\"{path}\" class=\"{@class}\"/>\n");

    /// <param name="anchor">start, middle or end: which point of the text stands at <paramref name="x"/>.</param>
    public void Text(double x, double y, string text, string @class = "ink", string anchor = "start") => _body.Append(
        CultureInfo.InvariantCulture,
        $"<text x=\"{x:0.0}\" y=\"{y:0.0}\" class=\"{@class}\" text-anchor=\"{anchor}\">{WebUtility.HtmlEncode(text)}</text>\n");

    /// <param name="title">Read aloud instead of the picture.</param>
    public string Close(int width, double height, string title) => string.Create(
        CultureInfo.InvariantCulture,
        $$"""
        <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {{width}} {{height:0}}" width="{{width}}" height="{{height:0}}" role="img" font-family="DejaVu Sans, Helvetica, Arial, sans-serif" font-size="12">
        <title>{{WebUtility.HtmlEncode(title)}}</title>
        <style>
        text{paint-order:stroke;stroke:#ffffff;stroke-width:3px;stroke-linejoin:round}.page{fill:#ffffff}.ink{fill:#1d2530}.soft{fill:#5b6675}.head{fill:#1d2530;font-weight:bold;font-size:13px}.title{fill:#1d2530;font-weight:bold;font-size:18px}
        .grid{stroke:#1d2530;stroke-opacity:.13}.one{stroke:#1d2530;stroke-opacity:.55;stroke-width:1.5}.band{fill:#1d2530;fill-opacity:.045}
        .bar{fill:#3b7dd8}.met{fill:#2e9e6b}.missed{fill:#d9822b}.mark{stroke:#c2255c;stroke-width:2.5}.goodtext{fill:#1f7a50}.badtext{fill:#b35c00}.fail{fill:#c92a2a;font-weight:bold}
        .bound{stroke:#c92a2a;stroke-width:1.3;stroke-dasharray:6 4}.line{fill:none;stroke-width:2;stroke-linejoin:round}
        .s0{stroke:#2f6fd0}.s1{stroke:#d9822b}.s2{stroke:#2e9e6b}.s3{stroke:#a54fc0}.s4{stroke:#8a7a2c}.t0{fill:#2f6fd0}.t1{fill:#b35c00}.t2{fill:#1f7a50}.t3{fill:#9440b0}.t4{fill:#756618}
        @media (prefers-color-scheme: dark) {
        text{stroke:#14181f}.page{fill:#14181f}.ink{fill:#e4e8ee}.soft{fill:#9aa5b4}.head{fill:#e4e8ee}.title{fill:#e4e8ee}
        .grid{stroke:#e4e8ee;stroke-opacity:.16}.one{stroke:#e4e8ee}.band{fill:#e4e8ee}
        .bar{fill:#5a9bf0}.met{fill:#3fbf86}.missed{fill:#f0a04b}.mark{stroke:#ff6b9d}.goodtext{fill:#5fd3a0}.badtext{fill:#f5b26b}.fail{fill:#ff7b7b}
        .bound{stroke:#ff7b7b}.s0{stroke:#6ba8f5}.s1{stroke:#f0a04b}.s2{stroke:#4cc893}.s3{stroke:#cf85e6}.s4{stroke:#c9b75a}
        .t0{fill:#6ba8f5}.t1{fill:#f5b26b}.t2{fill:#5fd3a0}.t3{fill:#cf85e6}.t4{fill:#d6c56b}
        }
        </style>
        <rect width="{{width}}" height="{{height:0}}" class="page"/>
        {{_body}}</svg>

        """);
}
