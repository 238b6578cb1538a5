"""Finalise a draft: number it, apply the customer's balance and ask for what is left."""

from stripe_emulator.engine import balance, money
from stripe_emulator.engine.unit import Unit
from stripe_emulator.errors import invalid
from stripe_emulator.invoicing.automatic_tax import check_location, tax_ids_of
from stripe_emulator.invoicing.items import require_draft
from stripe_emulator.invoicing.state import become_paid
from stripe_emulator.invoicing.totals import lines_of, recompute
from stripe_emulator.payments.intents import new_intent
from stripe_emulator.types import Obj

FROZEN = ("address", "email", "name", "phone", "shipping", "tax_exempt")


def finalize(unit: Unit, invoice: Obj, auto_advance: bool | None = None) -> None:  # noqa: FBT001 - a parameter of the wire
    """Make a draft open, or paid when nothing is left to pay.

    Raises StripeError `invoice_not_editable` unless it is a draft, `invoice_no_customer_line_items` without lines, and
    `customer_tax_location_invalid` where it is taxed automatically, but nobody knows where.
    """
    require_draft(invoice)
    if not lines_of(unit, invoice):
        raise invalid("Nothing to invoice: the invoice has no lines.", code="invoice_no_customer_line_items")
    customer = unit.get("customer", invoice["customer"], "customer")
    if invoice["automatic_tax"]["enabled"]:
        recompute(unit, invoice)
        check_location(invoice)
    now = unit.now(invoice["test_clock"])
    _freeze(unit, invoice, customer)
    if invoice["number"] is None:
        sequence = customer["next_invoice_sequence"]
        invoice["number"] = f"{customer['invoice_prefix']}-{sequence:04d}"
        customer["next_invoice_sequence"] = sequence + 1
        unit.save(customer)
    invoice.update(status="open", automatically_finalizes_at=None, effective_at=invoice["effective_at"] or now)
    invoice["status_transitions"]["finalized_at"] = now
    page = f"{unit.services.base_url}/invoices/{invoice['id']}"
    invoice.update(hosted_invoice_url=page, invoice_pdf=f"{page}/pdf")
    if auto_advance is not None:
        invoice["auto_advance"] = auto_advance
    _apply_balance(unit, invoice, customer)
    if invoice["amount_due"] > 0:
        _ask_for_payment(unit, invoice)
        unit.changed("invoice.updated", invoice)
        unit.emit("invoice.finalized", invoice)
    else:
        unit.changed("invoice.updated", invoice)
        unit.emit("invoice.finalized", invoice)
        become_paid(unit, invoice)


def freeze_customer(invoice: Obj, customer: Obj) -> None:
    """Copy who the customer is now onto the invoice; its tax ids are copied when it is finalized."""
    for name in FROZEN:
        invoice[f"customer_{name}"] = customer[name]
    invoice["customer_tax_ids"] = []


def _freeze(unit: Unit, invoice: Obj, customer: Obj) -> None:
    freeze_customer(invoice, customer)
    tax_ids = tax_ids_of(unit, customer)
    invoice["customer_tax_ids"] = [{"type": one["type"], "value": one["value"]} for one in tax_ids]


def _apply_balance(unit: Unit, invoice: Obj, customer: Obj) -> None:
    """Use up credit or collect debt; what is below the least charge goes to the balance."""
    currency, total = invoice["currency"], invoice["total"]
    start = customer["balance"] if customer["currency"] in (None, currency) else 0
    due = total + start
    reason = "applied_to_invoice"
    if total < 0 or due <= 0:
        amount_due, end = 0, due
    elif due < unit.services.settings.minimum_charges.get(currency, money.minimum_charge(currency)):
        amount_due, end, reason = 0, due, "invoice_too_small"
    else:
        if invoice["collection_method"] == "charge_automatically":
            # [assume] an invoice that is sent may be over it, and is paid in parts or by bank transfer.
            money.check_charge(due, currency)
        amount_due, end = due, 0
    invoice.update(starting_balance=start, ending_balance=end, amount_due=amount_due, amount_remaining=amount_due)
    if end != start:
        balance.adjust(unit, customer, end - start, currency, reason, invoice=invoice["id"])
        unit.changed("customer.updated", customer)


def _ask_for_payment(unit: Unit, invoice: Obj) -> None:
    intent = new_intent(unit, invoice["amount_due"], invoice["currency"], invoice["customer"], invoice["id"])
    intent["description"] = f"Payment for Invoice {invoice['number']}"
    intent["setup_future_usage"] = None
    unit.save(intent)
    payment = unit.blank("invoice_payment", invoice["test_clock"])
    payment.update(amount_requested=invoice["amount_due"], currency=invoice["currency"], invoice=invoice["id"])
    payment.update(is_default=True, status="open", payment={"type": "payment_intent", "payment_intent": intent["id"]})
    unit.add(payment)
    unit.emit("payment_intent.created", intent)
