using System.CommandLine;
using CardShop.Contracts;
using CardShop.Shop.Operators;
using CardShop.Shopctl.Servers;
using CardShop.Shopctl.Settings;
using CardShop.Shopctl.Terminal;

namespace CardShop.Shopctl.Operators;

/// <summary><c>shopctl operators</c>: who may do what. Files of the secrets folder, hashes alone.</summary>
public static class OperatorsCommands
{
    private static readonly string[] Roles = [.. Enum.GetValues<OperatorRole>().Select(Operator.NameOf)];

    public static Command Create(Session session) => new("operators", "Operators of this installation and their roles.")
    {
        List(session), Add(session), Remove(session), Role(session),
    };

    /// <summary>Makes an operator and his key file.</summary>
    internal static async Task<int> AddAsync(
        Session session, ShopServers servers, string name, OperatorRole role, string file, CancellationToken cancellation)
    {
        RequireName(name);
        var operators = session.Operators;
        if (OperatorFiles.Names(operators.Directory.Folder).Contains(name))
        {
            throw new ShopctlException(
                ExitCodes.Failed, $"There is an operator {name} already. 'shopctl operators remove {name}' refuses his key.");
        }

        if (!operators.Exist)
        {
            return await AddFirstAsync(session, servers, name, role, file, cancellation);
        }

        var action = OperatorActions.OperatorsChange(OperatorActions.OperatorsAdd, operators.Directory.All, operators.Current?.Name);
        await using var grant = await operators.RequireAsync(
            action, name, null, [("role", Operator.NameOf(role))], cancellation);
        WriteKey(session, name, role, file);
        await grant.DoneAsync(null, Operator.NameOf(role), cancellation);
        return ExitCodes.Ok;
    }

    private static Command List(Session session)
    {
        var list = new Command("list", "All operators, by name.");
        session.Bind(list, (_, _) =>
        {
            var table = Screen.Table("operator", "role");
            foreach (var known in session.Operators.Directory.All)
            {
                Screen.Row(table, known.Name, known.RoleName);
            }

            session.Screen.Show(table);
            foreach (var problem in session.Operators.Directory.Problems)
            {
                session.Screen.Note($"Warning: {problem}.");
            }

            return Task.FromResult(ExitCodes.Ok);
        });
        return list;
    }

    private static Command Add(Session session)
    {
        var (name, role) = (NameArgument(), RoleArgument());
        var file = new Argument<string>("FILE") { Description = "The new file with the key, for the operator to keep." };
        var add = new Command(
            "add",
            "Makes an operator. The first of an installation is an admin and needs no key; every other is made by an admin, and " +
            "approved by a second one who can, where there is one. The installation keeps the key's hash alone.")
        {
            name, role, file,
        };
        add.Takes(OperatorActions.OperatorsAdd with { IsDangerous = true });
        session.Bind(add, (servers, arguments, cancellation) => AddAsync(
            session, servers, arguments.GetValue(name)!, Operator.RoleOf(arguments.GetValue(role))!.Value,
            arguments.GetValue(file)!, cancellation));
        return add;
    }

    private static Command Remove(Session session)
    {
        var name = NameArgument();
        var remove = new Command("remove", "Refuses an operator's key everywhere within a second; at once, without approval.") { name };
        remove.Takes(OperatorActions.OperatorsRemove);
        session.Bind(remove, async (_, arguments, cancellation) =>
        {
            var known = RequireKnown(session, arguments.GetValue(name)!);
            RequireAdminBeside(session, known);
            await using var grant = await session.Operators.RequireAsync(
                OperatorActions.OperatorsRemove, known.Name, null, [], cancellation);
            OperatorFiles.Remove(session.Operators.Directory.Folder, known.Name);
            await grant.DoneAsync(known.RoleName, null, cancellation);
            session.Screen.Line($"{known.Name} is no operator any more.");
            return ExitCodes.Ok;
        });
        return remove;
    }

    private static Command Role(Session session)
    {
        var (name, role) = (NameArgument(), RoleArgument());
        var command = new Command("role", "Gives an operator another role; his key stays.") { name, role };
        command.Takes(OperatorActions.OperatorsRole with { IsDangerous = true });
        session.Bind(command, async (_, arguments, cancellation) =>
        {
            var wanted = Operator.RoleOf(arguments.GetValue(role))!.Value;
            var known = RequireKnown(session, arguments.GetValue(name)!);
            if (wanted != OperatorRole.Admin)
            {
                RequireAdminBeside(session, known);
            }

            var operators = session.Operators;
            var action = wanted < known.Role
                ? OperatorActions.OperatorsRole
                : OperatorActions.OperatorsChange(OperatorActions.OperatorsRole, operators.Directory.All, operators.Current?.Name);
            await using var grant = await operators.RequireAsync(
                action, known.Name, null, [("role", Operator.NameOf(wanted))], cancellation);
            OperatorFiles.SetRole(operators.Directory.Folder, known.Name, wanted);
            await grant.DoneAsync(known.RoleName, Operator.NameOf(wanted), cancellation);
            session.Screen.Line($"{known.Name} is {Operator.NameOf(wanted)} now.");
            return ExitCodes.Ok;
        });
        return command;
    }

    /// <summary>Nobody could show a key yet, and Kafka may not be there yet: who can write the folder makes the first.</summary>
    private static async Task<int> AddFirstAsync(
        Session session, ShopServers servers, string name, OperatorRole role, string file, CancellationToken cancellation)
    {
        if (role != OperatorRole.Admin)
        {
            throw new ShopctlException(ExitCodes.Usage, $"The first operator is an admin: shopctl operators add {name} admin {file}");
        }

        WriteKey(session, name, role, file);
        var entry = new AuditEntry(
            name, OperatorActions.OperatorsAdd.Name, name, "the first operator", session.Time.GetUtcNow(),
            Outcome: AuditOutcome.Done, Role: Operator.NameOf(role), After: Operator.NameOf(role), Via: "shopctl");
        if (FolderJournal.Begin(session.Settings) is { } journal)
        {
            await FolderJournal.WriteAsync(journal, entry, cancellation);
            session.Screen.Note($"No Kafka is set, so it is not in the audit: it is noted in {journal}.");
            return ExitCodes.Ok;
        }

        try
        {
            await servers.RequireLogAsync(cancellation, Topics.Audit);
            await servers.Audit.WriteAsync(entry, cancellation);
        }
        catch (ShopctlException)
        {
            session.Screen.Note("Not in the audit: Kafka or its topic is not there yet.");
        }

        return ExitCodes.Ok;
    }

    private static void WriteKey(Session session, string name, OperatorRole role, string file)
    {
        var key = OperatorFiles.NewKey();
        try
        {
            Directory.CreateDirectory(session.Operators.Directory.Folder);
            using (var writer = new StreamWriter(PrivateOutput.Create(file)))
            {
                writer.Write(key + "\n");
            }

            if (!OperatorFiles.TryAdd(session.Operators.Directory.Folder, name, role, key))
            {
                File.Delete(file);
                throw new ShopctlException(ExitCodes.Failed, $"There is an operator {name} already.");
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ShopctlException(ExitCodes.Usage, $"The key file cannot be created: {e.Message}", e);
        }

        session.Screen.Line($"{file} is the key of {name}, {Operator.NameOf(role)}. Use it as " +
            $"{ShopctlSettings.OperatorKeyName}=\"$(cat {file})\" or with {OperatorOptions.KeyFile} {file}.");
    }

    private static void RequireName(string name)
    {
        if (!OperatorFiles.IsName(name))
        {
            throw new ShopctlException(
                ExitCodes.Usage, "An operator's name is 2 to 32 lower-case letters, digits, dots and hyphens, not 'unknown'.");
        }
    }

    private static Operator RequireKnown(Session session, string name) =>
        session.Operators.Directory.Named(name)
        ?? throw new ShopctlException(ExitCodes.Failed, $"There is no operator {name}. 'shopctl operators list' shows all.");

    /// <summary>Without an admin nobody could make one.</summary>
    private static void RequireAdminBeside(Session session, Operator known)
    {
        if (known.Role == OperatorRole.Admin
            && !session.Operators.Directory.All.Any(o => o.Role == OperatorRole.Admin && o.Name != known.Name))
        {
            throw new ShopctlException(ExitCodes.Failed, $"{known.Name} is the only admin: make another first.");
        }
    }

    private static Argument<string> NameArgument() => new("NAME") { Description = "Who." };

    private static Argument<string> RoleArgument()
    {
        var role = new Argument<string>("ROLE") { Description = "viewer, operator, approver or admin." };
        role.AcceptOnlyFromAmong(Roles);
        return role;
    }
}
