using System.Text.Json;
using CardShop.Contracts;
using CardShop.Shop.Keys;
using CardShop.Shopctl.Demo;
using CardShop.Shopctl.Keys;
using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace CardShop.Tests.Unit.Shopctl;

public sealed class When_keys_are_batched
{
    private static readonly DateTimeOffset At = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    private readonly KeyVault _vault = new(new byte[32], new Dictionary<string, byte[]> { ["kek-1"] = new byte[32] }, "kek-1");
    private readonly ImportReport _report = new();

    [Fact]
    public void A_batch_is_full_at_its_size_and_the_rest_is_taken_at_the_end()
    {
        var batcher = Batcher(size: 2);

        var batches = BatchesOf(batcher, ["A", "B", "C"]);

        Assert.Equal([2, 1], batches.Select(b => b.Message.Keys.Count));
        Assert.Equal(
            [batcher.Import + "-000001", batcher.Import + "-000002"], batches.Select(b => b.Message.BatchId[..^13]));
        Assert.Equal([1, 2], batches[0].Lines);
        Assert.Null(batcher.Take());
    }

    [Fact]
    public void Every_key_opens_to_its_text_and_none_stands_in_the_batch()
    {
        var batcher = Batcher(size: 2);
        batcher.Add(new(1, new("4711", "TOP-SECRET"), null), _report);

        var batch = batcher.Take()!.Message;

        var key = Assert.Single(batch.Keys);
        Assert.Equal(new PlainKey("4711", "TOP-SECRET"), _vault.Open(key.Id, batch.KeyEncryptionKey, key.Sealed));
        var json = JsonSerializer.Serialize(batch, ContractsJson.Default.KeysImported);
        Assert.DoesNotContain("TOP-SECRET", json, StringComparison.Ordinal);
        Assert.DoesNotContain("4711", json, StringComparison.Ordinal);
    }

    [Fact]
    public void A_key_that_stands_in_the_file_twice_is_taken_once_also_across_batches()
    {
        var batcher = Batcher(size: 1);

        Assert.NotNull(batcher.Add(Line(1, "A"), _report));
        Assert.Null(batcher.Add(Line(2, "A"), _report));
        Assert.NotNull(batcher.Add(new(3, new("1", "A"), null), _report));

        Assert.Equal(2, Assert.Single(_report.DuplicatesInFile.First).Line);
        Assert.Equal(3, _report.Read);
    }

    [Fact]
    public void Long_keys_make_records_that_kafka_takes()
    {
        var batcher = Batcher(size: 5_000);

        var batches = BatchesOf(batcher, Enumerable.Range(1, 1_000).Select(i => $"{i:D4}" + new string('x', 4_000)));

        Assert.Equal(1_000, batches.Sum(b => b.Message.Keys.Count));
        Assert.Equal(Enumerable.Range(1, 1_000).Select(i => (long)i), batches.SelectMany(b => b.Lines));
        Assert.All(batches, b => Assert.InRange(
            JsonSerializer.SerializeToUtf8Bytes(b.Message, ContractsJson.Default.KeysImported).Length, 1, 900_000));
    }

    [Fact]
    public void Refused_lines_are_counted_and_the_first_twenty_are_named()
    {
        var batcher = Batcher(size: 10);
        for (var i = 1; i <= 25; i++)
        {
            Assert.Null(batcher.Add(new(i, null, "because"), _report));
        }

        Assert.Equal(25, _report.Refused.Count);
        Assert.Equal(Enumerable.Range(1, 20).Select(i => ((long)i, "because")), _report.Refused.First);
    }

    [Fact]
    public void What_the_fleet_found_in_stock_is_told_by_line()
    {
        _report.Loaded([7, 9, 12], [0, 2]);

        Assert.Equal(1, _report.Imported);
        Assert.Equal([7, 12], _report.DuplicatesInStock.First.Select(d => d.Line));
    }

    [Fact]
    public void The_same_file_has_the_same_batch_ids_whatever_key_seals_it_and_another_file_has_others()
    {
        var rotated = new KeyVault(
            new byte[32], new Dictionary<string, byte[]> { ["kek-1"] = new byte[32], ["kek-2"] = [1, .. new byte[31]] }, "kek-2");

        var ids = IdsOf(Batcher(size: 2), ["A", "B", "C"]);

        Assert.Equal(ids, IdsOf(new(rotated, new("SKU-1", "a", 2, At.AddDays(1))), ["A", "B", "C"]));
        Assert.Empty(ids.Intersect(IdsOf(new(_vault, new("SKU-2", "a", 2, At)), ["A", "B", "C"])));
        Assert.Empty(ids.Intersect(IdsOf(new(_vault, new("SKU-1", "b", 2, At)), ["A", "B", "C"])));
        Assert.Equal([ids[0]], ids.Intersect(IdsOf(Batcher(size: 2), ["A", "B", "D"])));
    }

    [Fact]
    public void Keys_beyond_those_remembered_are_told_apart_in_stock()
    {
        var batcher = new KeyBatcher(_vault, new("SKU-1", "a", 10, At), remembered: 2);

        var batch = Assert.Single(BatchesOf(batcher, ["A", "B", "C", "A", "C"]));

        Assert.Equal([1, 2, 3, 5], batch.Lines);
        Assert.Equal([4], _report.DuplicatesInFile.First.Select(d => d.Line));
    }

    [Fact]
    public void Every_finding_stands_in_the_report_file_by_line_and_without_text()
    {
        using var file = new StringWriter { NewLine = "\n" };
        var report = new ImportReport(file);
        var batcher = Batcher(size: 1);
        for (var i = 1; i <= 30; i++)
        {
            batcher.Add(new(i, null, "because"), report);
        }

        batcher.Add(Line(31, "SECRET"), report);
        batcher.Add(Line(32, "SECRET"), report);
        report.Known([40, 41]);

        var lines = file.ToString().TrimEnd().Split('\n');
        Assert.Equal(33, lines.Length);
        Assert.Equal("30,refused,\"because\"", lines[29]);
        Assert.Equal("32,duplicate,\"stands further up in the file\"", lines[30]);
        Assert.Equal("41,duplicate,\"was imported before: in stock, sold or void\"", lines[32]);
        Assert.DoesNotContain("SECRET", file.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Importing_any_file_twice_comes_to_the_same_as_once() => Prop.ForAll(
        ArbMap.Default.ArbFor<byte[]>(), ArbMap.Default.ArbFor<byte>(),
        (bytes, chunk) =>
        {
            var stock = new HashSet<Guid>();
            var size = 1 + (chunk % 7);
            var secrets = bytes.Select(b => $"K{b % 50}").ToList();
            var once = ImportInto(stock, size, secrets);
            var before = stock.ToHashSet();
            var again = ImportInto(stock, 1 + (chunk % 3), secrets);
            return once.Imported == stock.Count && stock.SetEquals(before) && again.Imported == 0
                && again.DuplicatesInStock.Count == stock.Count
                && once.DuplicatesInFile.Count == again.DuplicatesInFile.Count
                && once.Imported + once.DuplicatesInFile.Count == secrets.Count;
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Demo_keys_are_the_same_when_a_seed_is_repeated_and_differ_otherwise()
    {
        var secret = new byte[32];
        var keys = Enumerable.Range(1, 1_000).Select(i => DemoKeys.Create(secret, "DEMO-10", i).Secret).ToList();

        Assert.All(keys, k => Assert.Matches("^DEMO10(-[A-HJ-NP-Z2-9]{4}){3}$", k));
        Assert.Equal(1_000, keys.Distinct().Count());
        Assert.Equal(keys[41], DemoKeys.Create(secret, "DEMO-10", 42).Secret);
        Assert.NotEqual(keys[41], DemoKeys.Create([1, .. new byte[31]], "DEMO-10", 42).Secret);
    }

    [Fact]
    public void No_two_commands_have_one_id() =>
        Assert.NotEqual(KeysCommands.NewId(At), KeysCommands.NewId(At));

    private List<ImportBatch> BatchesOf(KeyBatcher batcher, IEnumerable<string> secrets)
    {
        var batches = secrets.Select((secret, i) => batcher.Add(Line(i + 1, secret), _report)).ToList();
        return [.. batches.Append(batcher.Take()).OfType<ImportBatch>()];
    }

    private string[] IdsOf(KeyBatcher batcher, IEnumerable<string> secrets) =>
        [.. BatchesOf(batcher, secrets).Select(b => b.Message.BatchId)];

    /// <summary>What the delivery fleet does with a batch, on a set.</summary>
    private ImportReport ImportInto(HashSet<Guid> stock, int size, IEnumerable<string> secrets)
    {
        var report = new ImportReport();
        var batcher = Batcher(size);
        var batches = secrets.Select((secret, i) => batcher.Add(Line(i + 1, secret), report)).ToList();
        foreach (var batch in batches.Append(batcher.Take()).OfType<ImportBatch>())
        {
            report.Loaded(
                batch.Lines,
                [.. Enumerable.Range(0, batch.Message.Keys.Count).Where(i => !stock.Add(batch.Message.Keys[i].Id))]);
        }

        return report;
    }

    private KeyBatcher Batcher(int size) => new(_vault, new("SKU-1", "a", size, At));

    private static KeyLine Line(long number, string secret) => new(number, new(null, secret), null);
}
