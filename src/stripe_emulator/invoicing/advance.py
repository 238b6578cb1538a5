"""What invoices do by themselves when `auto_advance` is on: finalise, collect, retry, fall due."""

from stripe_emulator.engine.unit import Unit
from stripe_emulator.types import Obj

WILL_BE_DUE_DAYS = 3
DAY = 86_400


def after_finalization(unit: Unit, invoice: Obj) -> None:
    """Schedule the automatic charge, or the notes about the due date, of an invoice that just became open."""
    if invoice["status"] != "open":
        return
    now = unit.now(invoice["test_clock"])
    if invoice["auto_advance"] and invoice["collection_method"] == "charge_automatically":
        invoice["next_payment_attempt"] = now
        unit.save(invoice)
        unit.complete(invoice)
        unit.later("invoice.collect", invoice, now)
    if invoice["due_date"]:
        unit.later("invoice.will_be_due", invoice, max(now, invoice["due_date"] - WILL_BE_DUE_DAYS * DAY))
        unit.later("invoice.overdue", invoice, max(now, invoice["due_date"]))
