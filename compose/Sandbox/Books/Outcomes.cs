namespace CardShop.Sandbox.Books;

public enum OpenOutcome
{
    Opened,

    /// <summary>The identical request was made before.</summary>
    Repeated,

    /// <summary>The number is taken by another content.</summary>
    Differs,

    AlreadyPaid,
    AlreadyClosed,

    /// <summary>The books hold as many trades as they may.</summary>
    Full,
}

public enum PayOutcome
{
    Paid,
    AlreadyPaid,

    /// <summary>Closed, refunded or past its time: not payable.</summary>
    Closed,

    NotFound,
}

public enum CloseOutcome
{
    Closed,
    AlreadyClosed,
    AlreadyPaid,

    /// <summary>Unknown, or not scanned yet.</summary>
    NotFound,
}

public enum RefundOutcome
{
    Refunded,

    /// <summary>The same refund number for the same amount was done before.</summary>
    Repeated,

    /// <summary>The refund number was used for another amount.</summary>
    Differs,

    /// <summary>More than what is left of the payment.</summary>
    TooMuch,

    NotPaid,
    NotFound,
}
