namespace CardShop.Pipeline.Bus;

/// <param name="Uri">Setting <c>RabbitMq__Uri</c>; holds a password, so it is never logged.</param>
/// <param name="Endpoint">This process's endpoint name in headers.</param>
/// <param name="MaxUnconfirmed">Commands in flight; more wait.</param>
/// <param name="Timeout">Of connecting, and of one confirm.</param>
public sealed record RabbitSettings(Uri Uri, string Endpoint, int MaxUnconfirmed, TimeSpan Timeout);
