namespace CardShop.Pipeline.Log;

/// <summary>CloudEvents 1.0, Kafka binary binding: attributes as headers, data as the value.</summary>
public static class CloudEventHeaders
{
    public const string SpecVersion = "ce_specversion";
    public const string Id = "ce_id";
    public const string Type = "ce_type";
    public const string Source = "ce_source";
    public const string Subject = "ce_subject";
    public const string Time = "ce_time";
    public const string ContentType = "content-type";
}
