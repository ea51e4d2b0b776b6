namespace CardShop.Local.Supervision;

/// <summary>Where the supervisor tells what happens, a line at a time.</summary>
public interface IProgressSink
{
    /// <summary>One line for the user. May be called from any thread.</summary>
    void Line(string text);
}
