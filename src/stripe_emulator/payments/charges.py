"""Build the charge that one attempt leaves behind."""

from stripe_emulator.contract.table import blank
from stripe_emulator.engine.cards import Decline
from stripe_emulator.engine.unit import Unit
from stripe_emulator.types import Obj


def charge_for(unit: Unit, intent: Obj, method: Obj, status: str, decline: Decline | None = None) -> Obj:
    """Store a charge of the intent's amount: `succeeded`, `pending`, or `failed` with its decline."""
    charge = unit.blank("charge", intent["_sim"].get("test_clock"))
    for name in ("amount", "currency", "customer", "description", "statement_descriptor", "receipt_email"):
        charge[name] = intent[name]
    charge.update(payment_intent=intent["id"], payment_method=method["id"], status=status)
    charge.update(billing_details=method["billing_details"], metadata=dict(intent["metadata"]), fraud_details={})
    charge["payment_method_details"] = _details(method)
    charge["calculated_statement_descriptor"] = intent["statement_descriptor"] or "STAND-IN"
    charge["receipt_url"] = f"{unit.services.base_url}/receipts/{charge['id']}"
    charge["outcome"] = _outcome(decline)
    if decline is not None:
        charge.update(failure_code=decline.code, failure_message=decline.message)
    charge["captured"] = status != "failed"
    unit.add(charge)
    if status == "succeeded":
        mark_paid(unit, charge)
    return charge


def mark_paid(unit: Unit, charge: Obj) -> None:
    """Turn a charge into money received."""
    charge.update(status="succeeded", paid=True, amount_captured=charge["amount"])
    unit.save(charge)


def _details(method: Obj) -> Obj:
    if method["type"] == "card":
        card = blank("Charge.PaymentMethodDetails.Card")
        card.update({name: method["card"][name] for name in card if name in method["card"]})
        card["network"] = method["card"]["brand"]
        return {"type": "card", "card": card}
    details = blank("Charge.PaymentMethodDetails.SepaDebit")
    details.update({name: method["sepa_debit"][name] for name in details if name in method["sepa_debit"]})
    return {"type": "sepa_debit", "sepa_debit": details}


def _outcome(decline: Decline | None) -> Obj:
    outcome = blank("Charge.Outcome")
    outcome.update(risk_level="normal", network_status="approved_by_network", type="authorized")
    outcome["seller_message"] = "Payment complete."
    if decline is not None:
        outcome.update(network_status="declined_by_network", type="issuer_declined", reason=decline.decline_code)
        outcome["seller_message"] = "The bank did not return any further details with this decline."
    return outcome
