using System.Globalization;
using System.Text;
using OpenTelemetry;
using OpenTelemetry.Metrics;

namespace CardShop.Telemetry;

/// <summary>
/// Writes metrics in Prometheus's text format, version 0.0.4: per metric <c># HELP</c>, <c># TYPE</c> and its series;
/// histograms with cumulative buckets, their sum and their count.
/// </summary>
public sealed class PrometheusWriter
{
    /// <summary>What /metrics answers with.</summary>
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    private readonly StringBuilder _text = new();
    private readonly HashSet<string> _described = [];

    /// <summary>Everything written so far.</summary>
    public override string ToString() => _text.ToString();

    public void Write(Metric metric)
    {
        var isCounter = metric.MetricType is MetricType.LongSum or MetricType.DoubleSum;
        var name = PrometheusName.Of(metric.Name, metric.Unit, isCounter);
        switch (metric.MetricType)
        {
            case MetricType.LongSum or MetricType.DoubleSum:
                Describe(name, metric.Description, "counter");
                break;
            case MetricType.Histogram:
                Describe(name, metric.Description, "histogram");
                break;
            case MetricType.LongGauge or MetricType.DoubleGauge
                or MetricType.LongSumNonMonotonic or MetricType.DoubleSumNonMonotonic:
                Describe(name, metric.Description, "gauge");
                break;
            default:
                // Exponential histograms have no place in this format; nothing here makes one.
                return;
        }

        foreach (ref readonly var point in metric.GetMetricPoints())
        {
            Write(name, metric.MetricType, in point);
        }
    }

    private void Write(string name, MetricType type, ref readonly MetricPoint point)
    {
        var labels = Labels(point.Tags);
        switch (type)
        {
            case MetricType.Histogram:
                Histogram(name, labels, in point);
                break;
            case MetricType.LongSum or MetricType.LongSumNonMonotonic:
                Sample(name, labels, point.GetSumLong());
                break;
            case MetricType.DoubleSum or MetricType.DoubleSumNonMonotonic:
                Sample(name, labels, point.GetSumDouble());
                break;
            case MetricType.LongGauge:
                Sample(name, labels, point.GetGaugeLastValueLong());
                break;
            default:
                Sample(name, labels, point.GetGaugeLastValueDouble());
                break;
        }
    }

    private void Histogram(string name, string labels, ref readonly MetricPoint point)
    {
        long count = 0;
        foreach (var bucket in point.GetHistogramBuckets())
        {
            count += bucket.BucketCount;
            var bound = "le=\"" + Number(bucket.ExplicitBound) + "\"";
            Sample(name + "_bucket", labels.Length == 0 ? bound : labels + "," + bound, count);
        }

        Sample(name + "_sum", labels, point.GetHistogramSum());
        Sample(name + "_count", labels, count);
    }

    private void Describe(string name, string description, string type)
    {
        // Two meters may have an instrument of the same name: it is one metric, described once.
        if (_described.Add(name))
        {
            _text.Append("# HELP ").Append(name).Append(' ').Append(Escape(description, isValue: false)).Append('\n')
                .Append("# TYPE ").Append(name).Append(' ').Append(type).Append('\n');
        }
    }

    private void Sample(string name, string labels, double value)
    {
        _text.Append(name);
        if (labels.Length > 0)
        {
            _text.Append('{').Append(labels).Append('}');
        }

        _text.Append(' ').Append(Number(value)).Append('\n');
    }

    private static string Labels(ReadOnlyTagCollection tags)
    {
        var text = new StringBuilder();
        foreach (var tag in tags)
        {
            if (text.Length > 0)
            {
                text.Append(',');
            }

            text.Append(PrometheusName.Label(tag.Key)).Append("=\"")
                .Append(Escape(Convert.ToString(tag.Value, CultureInfo.InvariantCulture) ?? string.Empty, isValue: true))
                .Append('"');
        }

        return text.ToString();
    }

    /// <summary>Help texts escape backslash and line feed, label values the quote as well.</summary>
    internal static string Escape(string text, bool isValue)
    {
        text = text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);
        return isValue ? text.Replace("\"", "\\\"", StringComparison.Ordinal) : text;
    }

    internal static string Number(double value) => value switch
    {
        double.PositiveInfinity => "+Inf",
        double.NegativeInfinity => "-Inf",
        double.NaN => "NaN",
        _ => value.ToString("R", CultureInfo.InvariantCulture),
    };
}
