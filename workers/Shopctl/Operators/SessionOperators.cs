using System.Security.Cryptography;
using CardShop.Contracts;
using CardShop.Shop.Operators;
using CardShop.Shopctl.Servers;
using CardShop.Shopctl.Settings;
using CardShop.Shopctl.Terminal;

namespace CardShop.Shopctl.Operators;

/// <summary>Who runs this command, and whether he may: what every changing command asks once, where its deed starts.</summary>
public sealed class SessionOperators(Session session)
{
    private const string Via = "shopctl";
    private const int MaxWhy = 500;
    private static readonly TimeSpan WrongKeyCosts = TimeSpan.FromSeconds(1);

    private OperatorDirectory? _directory;

    /// <summary>The operators of this installation.</summary>
    public OperatorDirectory Directory => _directory ??= new(session.Settings.SecretsDirectory, session.Time);

    /// <summary>False on a fresh installation, where nobody could show a key.</summary>
    public bool Exist => Directory.All.Count > 0;

    /// <summary>Who shows a key; null where none or nobody's is shown.</summary>
    public Operator? Current => Directory.Find(Key());

    private ShopServers Servers => session.Servers
        ?? throw new InvalidOperationException("A changing command is bound with its servers.");

    private OperatorSettings Settings
    {
        get
        {
            try
            {
                return OperatorSettings.From(session.Settings.Optional);
            }
            catch (FormatException e)
            {
                throw new ShopctlException(ExitCodes.Usage, e.Message, e);
            }
        }
    }

    /// <summary>Fen of one order; above it a refund takes two operators.</summary>
    public long RefundLimit => Settings.RefundLimit;

    /// <summary>
    /// Returns when the deed may be done now; the audit says so already. Dispose the grant when the deed has ended.
    /// </summary>
    /// <param name="subject">To what: an order, a batch, a topic.</param>
    /// <param name="why">Null = what the operator said with <c>--why</c>.</param>
    /// <param name="parameters">
    /// Everything that decides what is done: an approval is for exactly these. They stand in the audit, so of a secret text
    /// its keyed hash.
    /// </param>
    /// <exception cref="ShopctlException">
    /// Exit code 4 where it is refused, 5 where it waits for approval, 3 where Kafka is away: what cannot be audited is not done.
    /// </exception>
    public async Task<OperatorGrant> RequireAsync(
        OperatorAction action, string subject, string? why, IReadOnlyList<(string Name, string? Value)> parameters,
        CancellationToken cancellation)
    {
        var deed = new Deed(action, subject, WhyOf(action, why), parameters);
        if (FolderJournal.For(session.Settings, action) is { } journal)
        {
            return await StartWithoutLogAsync(deed, journal, cancellation);
        }

        var settings = Settings;
        var by = await IdentifyAsync(cancellation);
        var answer = await Gate(settings).AskAsync(
            by, deed, Said(OperatorOptions.Approval),
            Said(OperatorOptions.CommandId) ?? RandomNumberGenerator.GetHexString(16, lowercase: true), cancellation);
        return answer switch
        {
            GateAnswer.Granted granted => granted.Grant,
            GateAnswer.Refused refused => throw Refusal(refused.Reason),
            GateAnswer.Waiting waiting => throw new ShopctlException(
                ExitCodes.Waiting, WaitingText(waiting.Approval, settings.Windows))
            {
                ApprovalId = waiting.Approval.Id,
            },
            _ => throw new InvalidOperationException("No such answer."),
        };
    }

    /// <summary>Somebody who may say something about approvals.</summary>
    /// <exception cref="ShopctlException">Exit code 4 where no known key is shown.</exception>
    public async Task<(Operator By, ApprovalDesk Desk)> RequireDeskAsync(
        OperatorAction action, string id, CancellationToken cancellation)
    {
        var by = await IdentifyAsync(cancellation);
        var gate = Gate(Settings);
        if (by is null)
        {
            await gate.AskAsync(null, new(action, id, string.Empty, []), null, string.Empty, cancellation);
            throw Refusal("it takes the key of an operator of this installation");
        }

        return (by, new(gate, Servers.Audit, session.Time, Via));
    }

    /// <summary>The approvals of the last day.</summary>
    public async Task<IReadOnlyList<Approval>> ApprovalsAsync(CancellationToken cancellation)
    {
        await Servers.RequireLogAsync(cancellation, Topics.Audit);
        return ApprovalDecider.Fold(
            await Servers.Audit.SinceAsync(session.Time.GetUtcNow() - ApprovalDecider.Reach, cancellation));
    }

    /// <summary>Why, for the audit: 1 to 500 characters where the action is dangerous, else perhaps nothing.</summary>
    public string WhyOf(OperatorAction action, string? why)
    {
        var text = (why ?? Said(OperatorOptions.Why))?.Trim() ?? string.Empty;
        return text.Length > MaxWhy || text.Any(char.IsControl) || (action.IsDangerous && text.Length == 0)
            ? throw new ShopctlException(
                ExitCodes.Usage, $"Say why, in 1 to {MaxWhy} characters: {OperatorOptions.Why} TEXT. It is kept in the audit.")
            : text;
    }

    public ShopctlException Refusal(string reason) => new(
        ExitCodes.Refused,
        $"Refused: {reason}. Nothing was changed." + (Exist
            ? Current is null ? $" Set {ShopctlSettings.OperatorKeyName}, or say {OperatorOptions.KeyFile} FILE." : string.Empty
            : " There is no operator yet: 'shopctl operators add NAME admin FILE' makes the first."));

    /// <summary>Who it is; a wrong key costs a second, so that trying many takes for ever.</summary>
    private async Task<Operator?> IdentifyAsync(CancellationToken cancellation)
    {
        var key = Key();
        var by = Directory.Find(key);
        await Servers.RequireLogAsync(cancellation, Topics.Audit);
        if (by is null && key is not null)
        {
            await Task.Delay(WrongKeyCosts, session.Time, cancellation);
        }

        return by;
    }

    /// <summary>
    /// Where there is no Kafka to ask: an admin alone does it, since nobody could approve, and it is said so. What comes of it
    /// counts nowhere before somebody has brought the files there.
    /// </summary>
    private async Task<OperatorGrant> StartWithoutLogAsync(Deed deed, string journal, CancellationToken cancellation)
    {
        var key = Key();
        var by = Directory.Find(key);
        if (by is null && key is not null)
        {
            await Task.Delay(WrongKeyCosts, session.Time, cancellation);
        }

        var entry = new AuditEntry(
            by?.Name ?? Operator.Unknown, deed.Action.Name, deed.Subject, deed.Why, session.Time.GetUtcNow(), Role: by?.RoleName,
            Digest: deed.Digest, Via: Via);
        if (by is null || by.Role < deed.Action.Least)
        {
            var problem = by is null
                ? "it takes the key of an operator of this installation"
                : $"{deed.Action.Name} takes the role {Operator.NameOf(deed.Action.Least)}, {by.Name} has {by.RoleName}";
            await FolderJournal.WriteAsync(journal, entry with { Outcome = AuditOutcome.Refused, Problem = problem }, cancellation);
            throw Refusal(problem);
        }

        var started = entry with
        {
            Outcome = AuditOutcome.Started,
            RunId = RandomNumberGenerator.GetHexString(12, lowercase: true),
            CommandId = RandomNumberGenerator.GetHexString(16, lowercase: true),
        };
        await FolderJournal.WriteAsync(journal, started, cancellation);
        session.Screen.Note($"No Kafka is set, so nobody else was asked, and it is not in the audit: it is noted in {journal}.");
        return new((said, stop) => FolderJournal.WriteAsync(journal, said, stop), started, by, session.Time);
    }

    private OperatorGate Gate(OperatorSettings settings) => new(Directory, Servers.Audit, settings, session.Time, Via);

    private string? Said(string option) => OperatorOptions.ValueOf(session.Arguments, option) is { Length: > 0 } text ? text : null;

    /// <summary>The last word of the file, so that a file of an older version, with the name before it, serves as well.</summary>
    private string? Key()
    {
        if (Said(OperatorOptions.KeyFile) is not { } file)
        {
            return session.Settings.OperatorKey;
        }

        try
        {
            var buffer = new char[OperatorFiles.MaxKeyLength * 2];
            using var reader = new StreamReader(file);
            var words = new string(buffer, 0, reader.ReadBlock(buffer))
                .Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
            return words.Length > 0 ? words[^1] : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new ShopctlException(ExitCodes.Usage, $"The operator's key file cannot be read: {e.Message}", e);
        }
    }

    private string WaitingText(Approval approval, ChangeWindows windows)
    {
        var now = session.Time.GetUtcNow();
        var window = windows.AreOpenAt(now) || approval.OutsideWindow ? string.Empty
            : $"\nNo change window is open; the next begins at {windows.NextAfter(now)?.ToUniversalTime():u}. Before that it takes " +
              "an admin: shopctl approvals approve --outside-window.";
        return (approval.Approver is { } approver
            ? $"{approver} has approved it: repeat the command with {OperatorOptions.Approval} {approval.Id}, until {approval.ExpiresAt:u}."
            : $"{approval.Action} {approval.Subject} waits for a second operator, until {approval.ExpiresAt:u}. Nothing was changed.\n" +
              $"He runs:   shopctl approvals approve {approval.Id}\n" +
              $"Then you:  the same command with {OperatorOptions.Approval} {approval.Id}") + window;
    }
}
