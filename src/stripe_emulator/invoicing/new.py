"""New invoices: what every draft begins with, and when it is finalised by itself."""

from stripe_emulator.engine.unit import Unit
from stripe_emulator.invoicing.finalize import freeze_customer
from stripe_emulator.types import Obj


def new_invoice(unit: Unit, customer: Obj, currency: str, collection_method: str) -> Obj:
    """Return a draft of a customer, not yet stored."""
    invoice = unit.blank("invoice", customer.get("test_clock"))
    invoice.update(_constants(invoice, customer))
    invoice.update(currency=currency, collection_method=collection_method)
    return invoice


def schedule_finalization(unit: Unit, invoice: Obj) -> None:
    """Have the draft finalised by itself when it advances automatically."""
    if invoice["auto_advance"] and invoice["automatically_finalizes_at"]:
        unit.later("invoice.finalize", invoice, invoice["automatically_finalizes_at"])


def _constants(invoice: Obj, customer: Obj) -> Obj:
    frozen: Obj = {}
    freeze_customer(frozen, customer)
    now = invoice["created"]
    return {
        **frozen,
        "account_country": "US",
        "account_name": "Stand-in",
        "billing_reason": "manual",
        "customer": customer["id"],
        "hosted_invoice_url": None,
        "invoice_pdf": None,
        "issuer": {"type": "self"},
        "metadata": {},
        "period_end": now,
        "period_start": now,
        "status": "draft",
        "test_clock": customer.get("test_clock"),
        "total_discount_amounts": [],
        "total_pretax_credit_amounts": [],
    }
