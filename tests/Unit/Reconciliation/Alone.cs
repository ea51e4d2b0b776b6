using Xunit;

namespace CardShop.Tests.Unit.Reconciliation;

/// <summary>Tests beside which nothing else runs.</summary>
[CollectionDefinition(When_a_large_statement_is_read.Alone, DisableParallelization = true)]
public sealed class Alone;
