using System.Buffers;
using System.Net.Mail;

namespace CardShop.Shop.Mail;

/// <summary>Whether a buyer's contact, which may be any text, is a mail address.</summary>
public static class BuyerAddress
{
    private static readonly SearchValues<char> Barred = SearchValues.Create(@"""<>()[]\,:;");

    /// <summary>
    /// One plain address in ASCII (RFC 5321 without quoted parts and address literals): neither a display name nor a list
    /// nor a line break gets into a header or a command.
    /// </summary>
    /// <returns>Null where the contact is none.</returns>
    public static MailAddress? Of(string contact) =>
        contact.Length <= 254
        && !contact.AsSpan().ContainsAnyExceptInRange('!', '~')
        && !contact.AsSpan().ContainsAny(Barred)
        && MailAddress.TryCreate(contact, out var address)
        && address.Address == contact
        && address.User.Length <= 64
        && IsHostName(address.Host)
            ? address
            : null;

    private static bool IsHostName(string host) =>
        host.Contains('.', StringComparison.Ordinal) && Uri.CheckHostName(host) is UriHostNameType.Dns;
}
