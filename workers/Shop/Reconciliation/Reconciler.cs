using CardShop.Contracts;
using CardShop.Shop.Payments;

namespace CardShop.Shop.Reconciliation;

/// <summary>The documents of some orders, and which of them are in the archive.</summary>
public sealed record RecordedOrders(IReadOnlyDictionary<string, PaymentSaga> Sagas, IReadOnlySet<string> Archived);

/// <summary>What the shop recorded, as reconciliation asks for it.</summary>
public interface IRecordedOrders
{
    /// <summary>The documents of these orders, without locks.</summary>
    Task<RecordedOrders> LoadAsync(IReadOnlyCollection<string> orderIds, CancellationToken cancellation);

    /// <summary>Documents that may record money of this time, a page at a time; others may be among them, and repeats.</summary>
    IAsyncEnumerable<IReadOnlyList<PaymentSaga>> BookedAsync(
        DateTimeOffset from, DateTimeOffset to, CancellationToken cancellation);
}

/// <summary>What is to be compared.</summary>
/// <param name="Channel">Null = the statement's own.</param>
/// <param name="Profile">The merchant profile; null compares all of the channel.</param>
/// <param name="Region">The region letter whose orders this database holds.</param>
/// <param name="Date">The provider's day; null = the statement's own.</param>
public sealed record ReconcileRequest(string? Channel, string? Profile, string Region, DateOnly? Date, DateTimeOffset Now);

/// <summary>
/// Goes through statements of one channel and compares each line with the order's document, a batch at a time; then goes
/// through what the shop recorded in the same period. Of the lines it remembers 16 bytes each, of the rest a bounded part.
/// </summary>
public sealed class Reconciler(IRecordedOrders orders, ReconcileRequest request, ReconciliationReport report)
{
    private const int BatchSize = 500;

    /// <summary>Beyond this a day is not one file any more: 16 bytes each are remembered.</summary>
    private const int MaxLines = 20_000_000;

    private readonly HashSet<UInt128> _seen = [];
    private readonly List<StatementLine> _batch = [];
    private MatchScope? _scope;

    /// <summary>Whose statement it is; null until the first file was read.</summary>
    public MatchScope? Scope => _scope;

    /// <summary>Compares all lines of a file.</summary>
    /// <param name="file">The file's name, for the report.</param>
    /// <param name="progress">Told after each batch.</param>
    /// <exception cref="StatementFormatException">It is no statement, or one of another channel.</exception>
    public async Task ReadAsync(string file, StatementReader reader, Action progress, CancellationToken cancellation)
    {
        StatementDays? days = null;
        await foreach (var row in reader.ReadAsync(cancellation))
        {
            _scope ??= ScopeOf(reader.Layout!);
            if (row.Line is not { } line)
            {
                report.Refuse(file, row.Number, row.Refusal!);
                continue;
            }

            if (_seen.Count >= MaxLines)
            {
                throw new StatementFormatException("The statement has more than 20,000,000 lines: give its days one by one.");
            }

            days ??= new(reader.Layout!.DayStart);
            days.Add(line.At);
            _batch.Add(line);
            if (_batch.Count == BatchSize)
            {
                await CompareAsync(cancellation);
                progress();
            }
        }

        _scope ??= ScopeOf(reader.Layout!);
        if (reader.Layout!.Channel is { } channel && channel != _scope.Channel)
        {
            throw new StatementFormatException($"The statements are of two channels: {_scope.Channel} and {channel}.");
        }

        await CompareAsync(cancellation);
        progress();
        if (reader.Incomplete is { } reason)
        {
            report.Refuse(file, 0, reason);
        }

        Cover(reader.Layout!, days);
    }

    /// <summary>Looks for what the statements lack, once all were read.</summary>
    public async Task FinishAsync(Action progress, CancellationToken cancellation)
    {
        if (_scope is not { } scope)
        {
            return;
        }

        if (report.Period is not { } period)
        {
            report.Note = "The statement names no day, and no line tells one surely: give --date to look for what it lacks.";
            return;
        }

        if (period.To > request.Now)
        {
            report.Note = $"{period} is not over: what the statement lacks was not looked for.";
            return;
        }

        var looked = new HashSet<string>();
        await foreach (var page in orders.BookedAsync(period.From, period.To, cancellation))
        {
            foreach (var saga in page)
            {
                // An order can come twice only where it has several movements of money: those are few.
                if (RecordedMoney.Of(saga).Count > 1 && !looked.Add(saga.Id))
                {
                    continue;
                }

                foreach (var finding in StatementMatcher.Lacking(saga, period, scope, _seen.Contains))
                {
                    report.Add(finding, IsFiled(finding, saga));
                }
            }

            progress();
        }
    }

    private MatchScope ScopeOf(StatementLayout layout)
    {
        if (layout.Channel is { } own && request.Channel is { } wanted && own != wanted)
        {
            throw new StatementFormatException($"The file is a {layout.Name}, not a statement of {wanted}.");
        }

        var channel = layout.Channel ?? request.Channel ?? throw new StatementFormatException(
            "Plain CSV does not say whose statement it is: give --channel.");
        return new(channel, request.Profile, request.Region, layout.DayStart);
    }

    private void Cover(StatementLayout layout, StatementDays? days)
    {
        if (request.Date is { } asked && days?.Seen is { } seen && (seen.First > asked.AddDays(1) || seen.Last < asked.AddDays(-1)))
        {
            throw new StatementFormatException($"The statement's lines are of {seen}, not of {asked:yyyy-MM-dd}.");
        }

        var period = request.Date is { } date ? new StatementPeriod(date, date, layout.DayStart) : layout.Period ?? days?.Period;
        report.Period = period is { } covered ? report.Period?.With(covered) ?? covered : report.Period;
    }

    private async Task CompareAsync(CancellationToken cancellation)
    {
        if (_batch.Count == 0)
        {
            return;
        }

        var scope = _scope!;
        var ids = _batch.Select(l => StatementMatcher.OrderOf(l.Number, scope)).OfType<string>().ToHashSet();
        var loaded = await orders.LoadAsync(ids, cancellation);
        foreach (var line in _batch)
        {
            var order = StatementMatcher.OrderOf(line.Number, scope);
            var saga = order is null ? null : loaded.Sagas.GetValueOrDefault(order);
            var finding = !_seen.Add(MoneyKey.Of(line.Kind, line.Number, line.RefundNumber)) && order is not null
                ? StatementMatcher.Repeated(line, scope)
                : StatementMatcher.Match(line, saga, order is not null && loaded.Archived.Contains(order), scope);
            report.Compared(line, finding, IsFiled(finding, saga));
        }

        _batch.Clear();
    }

    /// <summary>True where an earlier run made a case of it.</summary>
    private static bool IsFiled(Finding? finding, PaymentSaga? saga) =>
        finding?.CaseId is { } id && OperatorDecider.IsRepeat(saga, id);
}
