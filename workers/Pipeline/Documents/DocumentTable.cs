using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Npgsql;
using NpgsqlTypes;

namespace CardShop.Pipeline.Documents;

/// <summary>A document as the table knows it.</summary>
/// <param name="LoadedVersion">The version that it had when it was loaded; 0 = it is new.</param>
/// <param name="Due">When a watchdog looks at it; a column of its own.</param>
/// <param name="Outbox">The last outbox row with its records; a column of its own.</param>
public sealed record DocumentWrite<T>(
    string Id, T Document, int LoadedVersion, int Version, DateTimeOffset? Due, long Outbox);

/// <summary>
/// One type of document as Marten lays it out (varchar id, jsonb data, numeric revisions), with two duplicated fields.
/// All statements work on sets: a batch is one statement each for what is loaded, inserted and updated.
/// </summary>
public sealed class DocumentTable<T>(string type, JsonTypeInfo<T> json)
{
    private readonly string _table = Database.Schema + ".mt_doc_" + type;
    private readonly string _dotnetType = typeof(T).FullName!;

    /// <summary>Locks the rows in id order and returns id, data, version and outbox number.</summary>
    public NpgsqlBatchCommand LoadForUpdate(string[] ids) => new(
        $"SELECT id, data, mt_version, outbox FROM {_table} WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE")
    {
        Parameters = { new() { Value = ids, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Varchar } },
    };

    /// <summary>The same without locks.</summary>
    public NpgsqlBatchCommand Load(string[] ids) => new(
        $"SELECT id, data, mt_version, outbox FROM {_table} WHERE id = ANY($1)")
    {
        Parameters = { new() { Value = ids, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Varchar } },
    };

    /// <summary>Which earlier outbox rows of these documents still hold unsent records.</summary>
    public NpgsqlBatchCommand UnsentRows(string[] ids) => new(
        $"""
        SELECT number FROM {Database.Schema}.outbox
        WHERE records IS NOT NULL AND number IN (SELECT outbox FROM {_table} WHERE id = ANY($1))
        """)
    {
        Parameters = { new() { Value = ids, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Varchar } },
    };

    /// <summary>
    /// Ids and due times of documents whose due time has come, by due time and id: the first ones, or those after a due
    /// time and id.
    /// </summary>
    /// <param name="lane">An SQL expression over the row that an index starts with, and the value it must have; null = all.</param>
    public NpgsqlBatchCommand Overdue(
        DateTimeOffset now, DateTimeOffset? afterDue, string? afterId, int limit, string? lane = null, string? laneValue = null)
    {
        var command = new NpgsqlBatchCommand(
            $"""
            SELECT id, due FROM {_table}
            WHERE due <= $1 AND (due, id) > ($2, $3){(lane is null ? string.Empty : $" AND {lane} = $5")}
            ORDER BY due, id LIMIT $4
            """)
        {
            Parameters =
            {
                new() { Value = now.ToUniversalTime() },
                new() { Value = (afterDue ?? DateTimeOffset.UnixEpoch).ToUniversalTime() },
                new() { Value = afterId ?? string.Empty, NpgsqlDbType = NpgsqlDbType.Varchar },
                new() { Value = limit },
            },
        };
        if (lane is not null)
        {
            command.Parameters.Add(new() { Value = laneValue, NpgsqlDbType = NpgsqlDbType.Text });
        }

        return command;
    }

    /// <summary>A plain INSERT: a document that came into being meanwhile is a conflict.</summary>
    public NpgsqlBatchCommand Insert(IReadOnlyList<DocumentWrite<T>> writes)
    {
        var command = new NpgsqlBatchCommand(
            $"""
            INSERT INTO {_table} (id, data, mt_dotnet_type, mt_version, due, outbox)
            SELECT id, data, '{_dotnetType}', version, due, outbox
            FROM unnest($1, $2, $3, $4, $5) AS t(id, data, version, due, outbox)
            """);
        AddColumns(command, writes);
        return command;
    }

    /// <summary>Checks the loaded version of each; the affected count tells whether all matched.</summary>
    public NpgsqlBatchCommand Update(IReadOnlyList<DocumentWrite<T>> writes)
    {
        var command = new NpgsqlBatchCommand(
            $"""
            UPDATE {_table} d
            SET data = t.data, mt_version = t.version, due = t.due, outbox = t.outbox,
                mt_last_modified = transaction_timestamp()
            FROM unnest($1, $2, $3, $4, $5, $6) AS t(id, data, version, due, outbox, loaded)
            WHERE d.id = t.id AND d.mt_version = t.loaded
            """);
        AddColumns(command, writes);
        command.Parameters.Add(Array(writes, w => w.LoadedVersion, NpgsqlDbType.Integer));
        return command;
    }

    /// <summary>Reads the document at a reader's columns 0 to 3, with the version of its column.</summary>
    public (string Id, T Document, int Version, long Outbox) Read(NpgsqlDataReader reader) => (
        reader.GetString(0),
        JsonSerializer.Deserialize(reader.GetFieldValue<byte[]>(1), json)
            ?? throw new PoisonMessageException($"A document of {_table} is null"),
        reader.GetInt32(2),
        reader.GetInt64(3));

    private void AddColumns(NpgsqlBatchCommand command, IReadOnlyList<DocumentWrite<T>> writes)
    {
        command.Parameters.Add(Array(writes, w => w.Id, NpgsqlDbType.Varchar));
        command.Parameters.Add(Array(writes, w => JsonSerializer.SerializeToUtf8Bytes(w.Document, json), NpgsqlDbType.Jsonb));
        command.Parameters.Add(Array(writes, w => w.Version, NpgsqlDbType.Integer));
        command.Parameters.Add(Array(writes, w => w.Due?.ToUniversalTime(), NpgsqlDbType.TimestampTz));
        command.Parameters.Add(Array(writes, w => w.Outbox, NpgsqlDbType.Bigint));
    }

    private static NpgsqlParameter Array<TValue>(
        IReadOnlyList<DocumentWrite<T>> writes, Func<DocumentWrite<T>, TValue> value, NpgsqlDbType type)
    {
        var values = new TValue[writes.Count];
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = value(writes[i]);
        }

        return new() { Value = values, NpgsqlDbType = NpgsqlDbType.Array | type };
    }
}
