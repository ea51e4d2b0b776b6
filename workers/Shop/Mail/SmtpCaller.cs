using System.Globalization;
using System.Net;
using System.Net.Mail;
using System.Net.Mime;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text;

namespace CardShop.Shop.Mail;

/// <summary>Hands mails to the SMTP server (RFC 5321; STARTTLS of RFC 3207). Repeating is the retry rule's decision.</summary>
public sealed class SmtpCaller(MailOptions options, TimeProvider time)
{
    private const int FirstPermanent = 500;

    private readonly MailAddress _from = new(options.From);

    /// <summary>Sends one mail. Never throws for what the server or the network does.</summary>
    /// <param name="eventId">Makes the Message-ID: a repeat of the mail has the same.</param>
    public async Task<MailAnswer> SendAsync(MailText text, MailAddress to, string eventId, CancellationToken cancellation)
    {
        using var limit = new CancellationTokenSource(options.SendTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, limit.Token);
        using var message = Message(text, to, eventId);
        using var client = new SmtpClient(options.Host, options.Port)
        {
            EnableSsl = options.Security is MailSecurity.StartTls,
            UseDefaultCredentials = false,
            Credentials = string.IsNullOrEmpty(options.User) ? null : new NetworkCredential(options.User, options.Password),
        };
        try
        {
            // The limit holds even where the client itself cannot be cancelled.
            await client.SendMailAsync(message, either.Token).WaitAsync(either.Token);
            return new(MailResult.Sent);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return new(MailResult.Failed, "no answer in time");
        }
        catch (SmtpFailedRecipientException e) when ((int)e.StatusCode >= FirstPermanent)
        {
            return new(MailResult.Refused, Code(e.StatusCode));
        }
        catch (SmtpException e)
        {
            return new(MailResult.Failed, TextOf(e));
        }
        catch (Exception e) when (e is IOException or SocketException or AuthenticationException or FormatException
            or InvalidOperationException)
        {
            return new(MailResult.Failed, TextOf(e));
        }
    }

    private MailMessage Message(MailText text, MailAddress to, string eventId)
    {
        var message = new MailMessage(_from, to)
        {
            Subject = text.Subject,
            SubjectEncoding = Encoding.UTF8,
            Body = text.Body,
            BodyEncoding = Encoding.UTF8,
            BodyTransferEncoding = TransferEncoding.Base64,
            HeadersEncoding = Encoding.UTF8,
        };
        message.Headers.Add("Message-ID", $"<{eventId}@{_from.Host}>");
        // No out-of-office answers (RFC 3834).
        message.Headers.Add("Auto-Submitted", "auto-generated");
        if (text.Attachment is { } keys)
        {
            message.Attachments.Add(new(new MemoryStream(keys), MailText.AttachmentName, MediaTypeNames.Text.Plain)
            {
                TransferEncoding = TransferEncoding.Base64,
                ContentType = { CharSet = "utf-8" },
            });
        }

        return message;
    }

    /// <summary>Of the exception's own text nothing: it may repeat the address.</summary>
    private static string TextOf(Exception failure) => failure switch
    {
        SmtpException { StatusCode: not SmtpStatusCode.GeneralFailure } e => Code(e.StatusCode),
        SmtpException { InnerException: { } inner } => TextOf(inner),
        SmtpException => "no STARTTLS, no login of a known kind, or an answer out of turn",
        SocketException e => "no connection: " + e.SocketErrorCode,
        AuthenticationException => "TLS failed: the server's certificate is not trusted",
        IOException => "the connection broke off",
        _ => "the conversation failed: " + failure.GetType().Name,
    };

    private static string Code(SmtpStatusCode code) => string.Create(CultureInfo.InvariantCulture, $"SMTP {(int)code}");
}
