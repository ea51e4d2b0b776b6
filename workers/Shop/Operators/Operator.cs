namespace CardShop.Shop.Operators;

/// <summary>What an operator may do; each role may do what those before it may.</summary>
public enum OperatorRole
{
    /// <summary>Sees.</summary>
    Viewer,

    /// <summary>Does the daily work, and asks for approval of what is dangerous.</summary>
    Operator,

    /// <summary>Approves what others want to do.</summary>
    Approver,

    /// <summary>Changes the installation: operators, secrets, partners, tables.</summary>
    Admin,
}

/// <summary>Somebody who has proven who he is.</summary>
public sealed record Operator(string Name, OperatorRole Role)
{
    /// <summary>Stands in the audit where no known key was shown. No operator can have this name: it is reserved.</summary>
    public const string Unknown = "unknown";

    /// <summary>The role as files, commands and the audit write it.</summary>
    public string RoleName => NameOf(Role);

    public static string NameOf(OperatorRole role) => role switch
    {
        OperatorRole.Viewer => "viewer",
        OperatorRole.Operator => "operator",
        OperatorRole.Approver => "approver",
        OperatorRole.Admin => "admin",
        _ => throw new ArgumentOutOfRangeException(nameof(role), role, "No role."),
    };

    /// <summary>Null for what is no role's name.</summary>
    public static OperatorRole? RoleOf(string? name) => name switch
    {
        "viewer" => OperatorRole.Viewer,
        "operator" => OperatorRole.Operator,
        "approver" => OperatorRole.Approver,
        "admin" => OperatorRole.Admin,
        _ => null,
    };
}
