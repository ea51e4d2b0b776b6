namespace CardShop.Api.Admin;

/// <summary>Bodies and parameters as they are meant: in the OpenAPI document, and in the answer to what cannot be read.</summary>
internal static class AdminExamples
{
    public const string AfterText = "The 'next' of an earlier answer; absent = the beginning.";
    public const string LimitText = "At most so many, 1 to 500 (50).";

    public const string FromDayText = "The first day, as 2030-01-01, in the shop's time zone; absent = 29 days before the last.";
    public const string ToDayText = "The last day, as 2030-01-31; absent = today.";

    public const string KeyFile = "AAAA-BBBB-CCCC\nDDDD-EEEE-FFFF\n";
    public const string Session = """{"key":"the operator's key"}""";
    public const string Command = """{"command":"channels.off","arguments":{"channel":"alipay"},"why":"the provider asked for it"}""";
    public const string Decision = """{"why":"the buyer called"}""";
    public const string Refund = """{"why":"the key did not work","amount":5000}""";
    public const string ConfirmPaid = """{"why":"seen on the statement","reference":"2030010122001400000000000000","amount":5000}""";
    public const string HandOver = """{"why":"written by hand","text":"Your account is open: name buyer, first password in the next mail."}""";
    public const string Replace = """{"why":"it was used already","keyId":"0f8fad5b-d9cb-469f-a165-70867728950e"}""";
    public const string Product =
        """{"why":"the price has risen","name":"Demo card 50 yuan","price":5200,"maxQuantity":20,"category":"Games",""" +
        """ "description":"A code for 50 yuan.\nRedeem it under Account, Add funds.",""" +
        """ "tiers":[{"from":10,"price":5000}],"version":3}""";
    public const string Approve = """{"why":"I have seen the buyer's mail"}""";
}
