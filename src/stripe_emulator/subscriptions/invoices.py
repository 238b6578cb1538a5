"""The invoices of subscriptions: what is pending, then one line for each item and period, less the discounts."""

from decimal import Decimal

from stripe_emulator.engine import money
from stripe_emulator.engine.unit import Unit
from stripe_emulator.invoicing import items as invoice_items
from stripe_emulator.invoicing import totals
from stripe_emulator.invoicing.new import new_invoice, schedule_finalization
from stripe_emulator.invoicing.pricing import Price
from stripe_emulator.storage.query import Query
from stripe_emulator.subscriptions import discounts
from stripe_emulator.subscriptions.items import items_of
from stripe_emulator.types import Obj

DAY = 86_400
HOUR = 3_600


def bill(unit: Unit, subscription: Obj, reason: str, *, free: bool = False) -> Obj | None:
    """Make the draft over the running period of each item, None where nothing is to be billed.

    With `free` the lines cost nothing, as a trial's do. What is metered is never billed here.
    """
    held = [item for item in items_of(unit, subscription["id"]) if item["quantity"] is not None]
    return _draft(unit, subscription, reason, held, free=free) if held else None


def bill_pending(unit: Unit, subscription: Obj) -> None:
    """Make the last draft of a subscription that ends with its period: over what is pending, if anything is."""
    if _pending(unit, subscription):
        # [assume] Stripe documents that pending items are collected at the end of the period, not for which reason.
        _draft(unit, subscription, "subscription_cycle", [], free=False)


def stop_collecting(unit: Unit, subscription: Obj) -> None:
    """Let nothing be charged by itself any more of what is open of a subscription that is canceled."""
    query = Query("invoice").where("customer", subscription["customer"]).where("status", "open")
    for invoice in unit.select(query.where("parent.subscription_details.subscription", subscription["id"])):
        if invoice["auto_advance"]:
            invoice["auto_advance"] = False
            unit.changed("invoice.updated", invoice)


def _draft(unit: Unit, subscription: Obj, reason: str, held: list[Obj], *, free: bool) -> Obj:
    customer = unit.get("customer", subscription["customer"], "customer")
    invoice = new_invoice(unit, customer, subscription["currency"], subscription["collection_method"])
    _describe(invoice, subscription, reason)
    unit.add(invoice)
    for pending in _pending(unit, invoice):
        invoice_items.put_on(unit, invoice, pending)
    lines = [_line(unit, invoice, subscription, item, free=free) for item in held]
    invoice["discounts"] = [] if free else discounts.apply(unit, subscription, lines, invoice["created"])
    for line in lines:
        unit.save(line)
    totals.recompute(unit, invoice)
    subscription["latest_invoice"] = invoice["id"]
    unit.flush()
    unit.complete(invoice)
    unit.emit("invoice.created", invoice)
    if reason == "subscription_cycle":
        schedule_finalization(unit, invoice)
    return invoice


def _describe(invoice: Obj, subscription: Obj, reason: str) -> None:
    details = {"metadata": subscription["metadata"], "subscription": subscription["id"]}
    invoice["parent"] = {"type": "subscription_details", "quote_details": None, "subscription_details": details}
    invoice.update(billing_reason=reason, auto_advance=True, metadata={})
    invoice["automatic_tax"].update(enabled=subscription["automatic_tax"]["enabled"])
    invoice["default_payment_method"] = subscription["default_payment_method"]
    invoice["period_start"] = subscription["_sim"].get("billed_from", invoice["created"])
    invoice["automatically_finalizes_at"] = invoice["created"] + HOUR
    if subscription["collection_method"] == "send_invoice":
        invoice["due_date"] = invoice["created"] + subscription["days_until_due"] * DAY


def _line(unit: Unit, invoice: Obj, subscription: Obj, item: Obj, *, free: bool) -> Obj:
    price, quantity = item["price"], item["quantity"]
    unit_amount = "0" if free else price["unit_amount_decimal"]
    product = unit.get("product", price["product"])
    line = unit.blank("line_item")
    amount = money.product(unit_amount, str(quantity))
    invoice_items.set_price(line, Price(amount, unit_amount, str(Decimal(quantity)), price["product"]))
    line["pricing"]["price_details"]["price"] = price["id"]
    recurring = price["recurring"]
    every = recurring["interval"] if recurring["interval_count"] == 1 else f"{recurring['interval_count']} months"
    shown = f"{money.plain(Decimal(unit_amount) / 100)} {price['currency'].upper()}"
    text = f"Trial period for {product['name']}" if free else f"{quantity} x {product['name']} (at {shown} / {every})"
    line.update(currency=invoice["currency"], description=text, discountable=True, invoice=invoice["id"])
    line["period"] = {"start": item["current_period_start"], "end": item["current_period_end"]}
    line.update(metadata=dict(item["metadata"]), taxes=[], discount_amounts=[], pretax_credit_amounts=[])
    line["subscription"] = subscription["id"]
    source = {"invoice_item": None, "proration": False, "proration_details": None}
    source |= {"subscription": subscription["id"], "subscription_item": item["id"]}
    line["parent"] = {"type": "subscription_item_details", "invoice_item_details": None}
    line["parent"]["subscription_item_details"] = source
    return unit.add(line)


def _pending(unit: Unit, of: Obj) -> list[Obj]:
    """Return the pending items of a customer, the newest first."""
    query = Query("invoiceitem").where("customer", of["customer"]).where("invoice", None)
    return unit.select(query.where("currency", of["currency"]))[: invoice_items.MAX_LINES]
