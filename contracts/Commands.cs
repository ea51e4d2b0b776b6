namespace CardShop.Contracts;

/// <summary>A command on RabbitMQ: small; the saga holds what it needs.</summary>
/// <param name="OrderId">Whose saga it is about.</param>
/// <param name="Number">The attempt's provider number.</param>
/// <param name="SagaVersion">The saga's version when it was sent.</param>
public sealed record RequestPayment(string OrderId, string Number, int SagaVersion);

/// <inheritdoc cref="RequestPayment"/>
public sealed record CheckPayment(string OrderId, string Number, int SagaVersion);

/// <inheritdoc cref="RequestPayment"/>
public sealed record ClosePayment(string OrderId, string Number, int SagaVersion);

/// <inheritdoc cref="RequestPayment"/>
/// <param name="RefundNumber">Stable per payment: the provider refunds it once.</param>
public sealed record RefundPayment(string OrderId, string Number, string RefundNumber, int SagaVersion);

/// <summary>Allocate keys for a paid order and hand them over.</summary>
public sealed record DeliverOrder(string OrderId, int SagaVersion);
