"""Give money back: refunds of charges, at once or after a while."""

from stripe_emulator.engine import money
from stripe_emulator.engine.unit import Unit
from stripe_emulator.errors import invalid
from stripe_emulator.types import Obj

# A refund whose metadata has this key takes its time: `pending` succeeds later, `failed` fails later.
STATUS_KEY = "emulator_status"


def refund_charge(unit: Unit, charge: Obj, amount: int, reason: str | None, metadata: Obj) -> Obj:
    """Store a refund of part of a charge and announce it.

    Raises StripeError `charge_already_refunded` when nothing is left, 400 for more than is left.
    """
    left = charge["amount_captured"] - charge["amount_refunded"]
    if not charge["paid"]:
        raise invalid("This charge did not succeed and cannot be refunded.", param="charge")
    if left == 0:
        raise invalid(f"Charge {charge['id']} has already been refunded.", code="charge_already_refunded")
    if not 0 < amount <= left:
        raise invalid(
            f"Refund amount ({amount}) must be positive and at most the {left} left of the charge.", param="amount"
        )
    money.check_step(amount, charge["currency"])
    refund = unit.blank("refund", _clock_of(unit, charge))
    refund.update(amount=amount, charge=charge["id"], currency=charge["currency"], customer=charge["customer"])
    refund.update(payment_intent=charge["payment_intent"], payment_method=charge["payment_method"], reason=reason)
    refund.update(metadata=metadata, status="succeeded", _sim={"credit_note": None})
    refund["destination_details"] = {"type": charge["payment_method_details"]["type"]}
    if STATUS_KEY in metadata or charge["payment_method_details"]["type"] == "sepa_debit":
        refund.update(status="pending", pending_reason="processing")
        unit.later("refund.complete", refund, unit.now() + unit.services.settings.sepa_delay)
    unit.add(refund)
    charge["amount_refunded"] += amount
    charge["refunded"] = charge["amount_refunded"] == charge["amount_captured"]
    unit.changed("charge.refunded", charge)
    unit.emit("refund.created", refund)
    return refund


def complete(unit: Unit, refund: Obj) -> None:
    """Let a pending refund succeed, or fail when its metadata says so."""
    if refund["status"] != "pending":
        return
    refund.pop("pending_reason", None)
    if refund["metadata"].get(STATUS_KEY) == "failed":
        reverse(unit, refund, "failed")
        refund["failure_reason"] = "declined"
        unit.changed("refund.failed", refund)
    else:
        refund["status"] = "succeeded"
        unit.changed("refund.updated", refund)


def reverse(unit: Unit, refund: Obj, status: str) -> None:
    """End a refund without the money having moved."""
    refund["status"] = status
    charge = unit.get("charge", refund["charge"])
    charge["amount_refunded"] -= refund["amount"]
    charge["refunded"] = False
    unit.save(charge)


def _clock_of(unit: Unit, charge: Obj) -> str | None:
    customer = unit.find(charge["customer"], "customer") or {}
    return customer.get("test_clock")
