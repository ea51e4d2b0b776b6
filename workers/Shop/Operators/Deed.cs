using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace CardShop.Shop.Operators;

/// <summary>What an operator wants to do.</summary>
/// <param name="Subject">To what: an order, a batch, a topic.</param>
/// <param name="Why">In the operator's words; empty where nothing was said.</param>
/// <param name="Parameters">
/// Everything that decides what is done. They stand in the audit for the approver to see: of a text that nobody may see, its
/// keyed hash.
/// </param>
public sealed record Deed(
    OperatorAction Action, string Subject, string Why, IReadOnlyList<(string Name, string? Value)> Parameters)
{
    /// <summary>What an approval binds: SHA-256 over action, subject and parameters, lower-case hexadecimal.</summary>
    public string Digest
    {
        get
        {
            // With lengths: no two deeds write the same text.
            var text = new StringBuilder();
            Write(text, Action.Name);
            Write(text, Subject);
            foreach (var (name, value) in Parameters.Where(p => p.Value is not null).OrderBy(p => p.Name, StringComparer.Ordinal))
            {
                Write(text, name);
                Write(text, value!);
            }

            return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())));
        }
    }

    private static void Write(StringBuilder text, string part) =>
        text.Append(CultureInfo.InvariantCulture, $"{part.Length}:").Append(part);
}
