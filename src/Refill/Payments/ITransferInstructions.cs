namespace Refill.Payments;

/// <summary>A gateway whose payers order a transfer at their bank: it says again what the transfer must carry, for a page that is opened days later.</summary>
public interface ITransferInstructions
{
    /// <param name="orderNumber">Ours, of a payment that was started here.</param>
    PaymentStart.ShowTransfer InstructionsFor(string orderNumber);
}
