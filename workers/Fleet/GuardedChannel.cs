using CardShop.Shop.Channels.Resilience;

namespace CardShop.Fleet;

/// <summary>A payment channel as the payments fleet calls it.</summary>
/// <param name="Channel">With time limits, repeats and breakers.</param>
/// <param name="Places">Its bulkhead.</param>
public sealed record GuardedChannel(ResilientChannel Channel, CallPlaces Places);
