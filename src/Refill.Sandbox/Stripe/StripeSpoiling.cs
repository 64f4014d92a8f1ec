using System.Text.Json.Nodes;
using Refill.Sandbox.Control;

namespace Refill.Sandbox.Stripe;

/// <summary>What faults make of an object or a list that is shown; the books stay right.</summary>
internal static class StripeSpoiling
{
    internal const string OtherCurrency = "cad";

    private static readonly string[] Amounts = ["amount", "amount_captured", "amount_received", "amount_subtotal", "amount_total"];

    internal static JsonObject Spoil(JsonObject body, Fault fault)
    {
        var spoiled = body.DeepClone().AsObject();
        if (spoiled["data"] is not JsonArray rows)
        {
            SpoilOne(spoiled, fault);
        }
        else if (fault.Kind == FaultKind.MissingRow && rows.Count > 0)
        {
            rows.RemoveAt(Line(rows));
        }
        else if (fault.Kind == FaultKind.ExtraRow && rows.Count > 0)
        {
            // A line that the books do not have, of something that nobody has bought.
            var extra = rows[Line(rows)]!.DeepClone();
            extra["id"] = StripeKinds.NewId<BalanceTransaction>();
            extra["source"] = StripeKinds.NewId<Charge>();
            rows.Insert(0, extra);
        }
        else if (fault.Kind == FaultKind.WrongAmount && rows.Count > 0 && (string?)spoiled["url"] == "/v1/balance_transactions")
        {
            SpoilOne(rows[Line(rows)]!.AsObject(), fault);
        }
        else
        {
            foreach (var row in rows.OfType<JsonObject>())
            {
                SpoilOne(row, fault);
            }
        }

        return spoiled;
    }

    private static void SpoilOne(JsonObject thing, Fault fault)
    {
        switch (fault.Kind)
        {
            case FaultKind.WrongAmount:
                foreach (var name in Amounts.Where(name => thing[name] is JsonValue))
                {
                    thing[name] = Half((long)thing[name]!);
                }

                if (thing["net"] is JsonValue)
                {
                    thing["net"] = (long)thing["amount"]! - (long)thing["fee"]!;
                }

                break;
            case FaultKind.WrongCurrency when thing["currency"] is JsonValue:
                thing["currency"] = OtherCurrency;
                break;
            case FaultKind.Pending when (string?)thing["object"] == "checkout.session":
                thing["status"] = SessionStatus.Open;
                thing["payment_status"] = (string?)thing["mode"] == "payment" ? "unpaid" : "no_payment_required";
                break;
        }
    }

    /// <summary>The newest line that is not a payout: those are told by their own object too.</summary>
    private static int Line(JsonArray rows) => Math.Max(0, rows.ToList().FindIndex(row => (string?)row!["type"] != "payout"));

    private static long Half(long minor) => minor < 0 ? -Spoiling.Smaller(-minor) : minor == 0 ? 0 : Spoiling.Smaller(minor);
}
