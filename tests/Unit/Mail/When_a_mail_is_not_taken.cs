using CardShop.Shop.Mail;
using Xunit;

namespace CardShop.Tests.Unit.Mail;

public sealed class When_a_mail_is_not_taken
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly MailOptions Options = new();
    private static readonly MailAnswer Failed = new(MailResult.Failed, "SMTP 451");

    [Fact]
    public void It_is_tried_again_after_growing_gaps_for_a_day_and_then_given_up()
    {
        var now = Start;
        var gaps = new List<double>();
        var tries = 1;
        MailStep step;
        while ((step = MailRetry.Decide(Failed, tries, Start, now, 0.5, Options)) is { State: MailState.Waiting, Counts: true, Due: { } due })
        {
            gaps.Add((due - now).TotalSeconds);
            now = due;
            tries++;
        }

        Assert.Equal([10, 30, 90, 270, 810, 2430, 7290, 10800, 10800, 10800, 10800, 10800, 10800], gaps.Select(g => Math.Round(g)));
        Assert.True(now - Start is var span && span > TimeSpan.FromHours(20) && span <= TimeSpan.FromHours(24));
        Assert.Equal(new MailStep(MailState.Failed), step);
    }

    [Theory]
    [InlineData(0, 8)]
    [InlineData(1, 12)]
    public void Gaps_are_spread(double jitter, double seconds) => Assert.Equal(
        new(MailState.Waiting, Start + TimeSpan.FromSeconds(seconds)),
        MailRetry.Decide(Failed, 1, Start, Start, jitter, Options));

    [Theory]
    [InlineData(1, MailState.Waiting)]
    [InlineData(2, MailState.Waiting)]
    [InlineData(3, MailState.Failed)]
    public void An_address_that_the_server_refuses_is_given_up_soon(int tries, MailState state) => Assert.Equal(
        state, MailRetry.Decide(new(MailResult.Refused, "SMTP 550"), tries, Start, Start, 0.5, Options).State);

    [Fact]
    public void What_may_not_be_shown_yet_is_no_failure_and_is_looked_at_a_second_later()
    {
        var notYet = new MailAnswer(MailResult.NotYet, "not yet");

        Assert.Equal(
            new(MailState.Waiting, Start + TimeSpan.FromSeconds(1), Counts: false),
            MailRetry.Decide(notYet, 1, Start, Start, 0.5, Options));
        Assert.Equal(
            MailState.Failed, MailRetry.Decide(notYet, 1, Start, Start + TimeSpan.FromHours(24), 0.5, Options).State);
    }

    [Theory]
    [InlineData(MailResult.Sent, MailState.Sent)]
    [InlineData(MailResult.NoAddress, MailState.NoAddress)]
    public void What_is_over_is_over(MailResult result, MailState state) => Assert.Equal(
        new(state), MailRetry.Decide(new(result), 50, Start, Start + TimeSpan.FromDays(3), 0.5, Options));
}
