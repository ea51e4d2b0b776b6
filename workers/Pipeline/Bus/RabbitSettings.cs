namespace CardShop.Pipeline.Bus;

/// <param name="Uri">Setting <c>RabbitMq__Uri</c>, see <see cref="RabbitNodes"/>; holds a password, so it is never logged.</param>
/// <param name="Endpoint">This process's endpoint name in headers.</param>
/// <param name="MaxUnconfirmed">Commands in flight; more wait.</param>
/// <param name="Timeout">Of connecting, and of one confirm.</param>
public sealed record RabbitSettings(Uri Uri, string Endpoint, int MaxUnconfirmed, TimeSpan Timeout)
{
    public const string PasswordFileName = "RabbitMq__PasswordFile";

    /// <param name="file">Holds the password, instead of the address; setting <c>RabbitMq__PasswordFile</c>. Null: none.</param>
    /// <returns>The address with that password.</returns>
    /// <exception cref="InvalidOperationException">The file cannot be read, the address names no user, or its nodes cannot be read.</exception>
    public static Uri WithPassword(Uri uri, string? file)
    {
        // A mistake is told now, and not at the first connection.
        _ = RabbitNodes.Of(uri);
        if (string.IsNullOrEmpty(file))
        {
            return uri;
        }

        if (uri.UserInfo.Length == 0)
        {
            throw new InvalidOperationException($"Setting {PasswordFileName} takes a RabbitMq__Uri with a user: amqp://user@host:port/vhost.");
        }

        try
        {
            return new UriBuilder(uri) { Password = Uri.EscapeDataString(File.ReadAllText(file).Trim()) }.Uri;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InvalidOperationException($"Setting {PasswordFileName} names a file that cannot be read ({e.GetType().Name}).");
        }
    }
}
