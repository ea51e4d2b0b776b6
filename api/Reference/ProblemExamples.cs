using CardShop.Api.Admin;

namespace CardShop.Api.Reference;

/// <summary>An answer of each kind that refuses, as it is really given somewhere.</summary>
internal static class ProblemExamples
{
    public static Problem Of(int status, string reader) => (status, reader) switch
    {
        (400, "operators") => Problem.Field("why", "Say why, in 1 to 200 characters: it stands in the audit."),
        (400, "partners") => Problem.Field("limit", "A whole number from 1 to 1000."),
        (400, _) => Problem.Field("quantity", "Say how many, a whole number from 1."),
        (401, "operators") => AdminRules.Unknown(shown: false),
        (401, "partners") => Problem.Of(status, "The partner's key is missing", "Send Authorization: Bearer with the key you were given."),
        (401, _) => Problem.Of(
            status, "The order's token is missing", "Send Authorization: Bearer with the token that the order was answered with."),
        (403, "operators") => AdminRules.Refused("this takes the role operator"),
        (403, _) => Problem.Of(status, "The key does not allow this", "Ask the shop for a key with that scope."),
        (404, "payments") => Problem.Of(status, "There is nothing to pay here", "Open the order again: its link may have changed."),
        (404, _) => Problem.Of(status, "There is no such order", "Check the order number and its token."),
        (409, "operators") => AdminRules.State("the order is delivered"),
        (409, _) => Problem.Of(status, "Sold out", "2 are left. Order fewer."),
        (410, _) => Problem.Of(status, "Events after this cursor are no longer kept", "Start again without 'after'."),
        (413, _) => Problem.Of(status, "The body is too large", "Send at most 16 KiB."),
        (415, _) => Problem.Of(status, "The body must be JSON", "Send Content-Type: application/json."),
        (422, "operators") => AdminRules.OtherCall(),
        (422, _) => Problem.Of(
            status, "The Idempotency-Key was used for another order", "Send the first body again, or a new key for a new order."),
        (429, "operators") => AdminRules.Locked(),
        (429, _) => Problem.Of(status, "Too many requests from this network", "Wait as long as Retry-After says and try again."),
        (503, "buyers") => Problem.Unavailable("Send the same request with the same Idempotency-Key again."),
        (503, _) => Problem.Of(status, "It cannot be done at this moment", "Nothing is lost: send the same call again."),
        _ => Problem.Of(status, "The request was refused"),
    };
}
