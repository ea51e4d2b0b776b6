using System.Text;

namespace CardShop.LogBroker.Storage;

/// <summary>The cluster id: made at the first start, in Kafka's form (a UUID as 22 characters of base64).</summary>
internal static class ClusterId
{
    public static string ReadOrCreate(string directory)
    {
        var path = Path.Combine(directory, "cluster-id");
        if (!File.Exists(path))
        {
            var id = Convert.ToBase64String(Guid.NewGuid().ToByteArray()).TrimEnd('=').Replace('+', '-')
                .Replace('/', '_');
            AtomicFile.Write(path, Encoding.ASCII.GetBytes(id));
        }

        return File.ReadAllText(path);
    }
}
