using System.Text;
using CardShop.Api;
using CardShop.Api.Admin;
using Xunit;

namespace CardShop.Tests.Unit.Api;

public sealed class When_an_admin_call_is_read
{
    private const string Key = "\"keyId\":\"0f8fad5b-d9cb-469f-a165-70867728950e\"";
    private static readonly DateTimeOffset Now = new(2030, 1, 2, 3, 4, 5, TimeSpan.Zero);

    [Theory]
    [InlineData("Bearer abc", "abc")]
    [InlineData("bearer  a b ", "a b")]
    [InlineData("Bearer ", null)]
    [InlineData("Basic abc", null)]
    [InlineData("", null)]
    [InlineData(null, null)]
    public void The_key_stands_behind_the_scheme(string? header, string? key) => Assert.Equal(key, AdminInput.KeyOf(header));

    [Fact]
    public void A_key_beyond_every_bound_is_none() => Assert.Null(AdminInput.KeyOf("Bearer " + new string('x', 257)));

    [Theory]
    [InlineData("""{"why":"w"}""", null)]
    [InlineData("""{"why":"w","amount":1,"number":"abc01","approval":"0a"}""", null)]
    [InlineData("""{}""", "why")]
    [InlineData("""{"why":" "}""", "why")]
    [InlineData("""{"why":"a\nb"}""", "why")]
    [InlineData("""{"why":"w","amount":0}""", "amount")]
    [InlineData("""{"why":"w","number":"a b"}""", "number")]
    [InlineData("""{"why":"w","approval":"a/b"}""", "approval")]
    public void A_refund_says_why_and_how_much(string body, string? wrong) =>
        Check(AdminInput.Read(Utf8(body), AdminRequestJson.Default.RefundRequest, "{}"), wrong);

    [Theory]
    [InlineData("""{"why":"w","reference":"r","amount":5}""", null)]
    [InlineData("""{"why":"w","amount":5}""", "reference")]
    [InlineData("""{"why":"w","reference":"r"}""", "amount")]
    public void A_confirmed_payment_says_what_proves_it(string body, string? wrong) =>
        Check(AdminInput.Read(Utf8(body), AdminRequestJson.Default.ConfirmPaidRequest, "{}"), wrong);

    [Theory]
    [InlineData("{\"why\":\"w\"," + Key + "}", null)]
    [InlineData("{\"why\":\"w\"," + Key + ",\"text\":\"a\\nb\"}", null)]
    [InlineData("{\"why\":\"w\"," + Key + ",\"text\":\"a\\u0007\"}", "text")]
    [InlineData("{\"why\":\"w\"}", "keyId")]
    public void A_replacement_names_the_faulty_key(string body, string? wrong) =>
        Check(AdminInput.Read(Utf8(body), AdminRequestJson.Default.ReplaceRequest, "{}"), wrong);

    [Theory]
    [InlineData("""{"why":"w","unknown":1}""")]
    [InlineData("""{"why":"w","why":"x"}""")]
    [InlineData("""{"why":"w","amount":"5"}""")]
    [InlineData("""[]""")]
    [InlineData("""null""")]
    [InlineData("")]
    public void What_is_unknown_twice_or_no_json_is_refused_with_an_example(string body)
    {
        var (request, wrong) = AdminInput.Read(Utf8(body), AdminRequestJson.Default.RefundRequest, """{"why":"…"}""");

        Assert.Null(request);
        Assert.Equal(400, wrong!.Status);
        Assert.EndsWith("""Send {"why":"…"}""", wrong.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void What_a_buyer_gets_never_reaches_a_format_string()
    {
        Assert.DoesNotContain("goods text", new HandOverRequest("w", "goods text").ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("goods text", new ReplaceRequest("w", null, "goods text").ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Every_change_has_one_idempotency_key()
    {
        Assert.Equal("0123456789abcdef", AdminInput.IdempotencyKey(["0123456789abcdef"]).Key);
        Assert.NotNull(AdminInput.IdempotencyKey([]).Wrong);
        Assert.NotNull(AdminInput.IdempotencyKey(["short"]).Wrong);
        Assert.NotNull(AdminInput.IdempotencyKey(["0123456789abcdef", "0123456789abcdef"]).Wrong);
    }

    [Theory]
    [InlineData(null, 50)]
    [InlineData("1", 1)]
    [InlineData("500", 500)]
    [InlineData("501", 0)]
    [InlineData("0", 0)]
    [InlineData("-1", 0)]
    [InlineData("x", 0)]
    public void Pages_are_bounded(string? text, int rows) => Assert.Equal((rows, rows == 0), (AdminInput.Limit(text).Rows, AdminInput.Limit(text).Wrong is not null));

    [Fact]
    public void The_audit_goes_on_where_a_page_ended_or_starts_at_a_moment()
    {
        Assert.Equal([7L, 0L, 12L], AdminInput.From(AdminInput.Next([7, 0, 12]), Now).After!);
        Assert.Equal(Now.AddDays(-1), AdminInput.From(null, Now).Since);
        Assert.Equal(Now, AdminInput.From("2030-01-02T03:04:05Z", Now.AddYears(1)).Since);
        Assert.All(
            ["", "1.2", "1.2.-3", "1.2.3.4", "yesterday", "99999999999999999999.0.0"], t => Assert.NotNull(AdminInput.From(t, Now).Wrong));
    }

    [Theory]
    [InlineData("abc-1", "abc-1")]
    [InlineData("a b", "-")]
    [InlineData("a\u001b[31m", "-")]
    [InlineData(null, "-")]
    public void What_nobody_vouches_for_does_not_stand_in_the_audit(string? text, string subject) =>
        Assert.Equal(subject, AdminInput.Subject(text));

    private static byte[] Utf8(string text) => Encoding.UTF8.GetBytes(text);

    private static void Check<T>((T? Request, Problem? Wrong) read, string? wrong)
        where T : class
    {
        Assert.Equal(wrong is null, read.Request is not null);
        if (wrong is not null)
        {
            Assert.Equal([wrong], read.Wrong!.Errors!.Keys);
        }
    }
}
