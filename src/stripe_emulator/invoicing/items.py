"""Make invoice items and the invoice lines that show them."""

from decimal import Decimal

from stripe_emulator.engine import fields
from stripe_emulator.engine.unit import Unit
from stripe_emulator.errors import invalid
from stripe_emulator.invoicing import taxes
from stripe_emulator.invoicing.pricing import Price, price_of
from stripe_emulator.invoicing.totals import lines_of
from stripe_emulator.storage.query import Query
from stripe_emulator.types import Obj

MAX_LINES = 250


def require_draft(invoice: Obj) -> None:
    """Raise StripeError `invoice_not_editable` once the invoice is final."""
    if invoice["status"] != "draft":
        raise invalid(
            f"Invoice {invoice['id']} is {invoice['status']}: only drafts can be changed like this.",
            code="invoice_not_editable",
        )


def make_item(unit: Unit, customer: Obj, params: Obj, currency: str, invoice: Obj | None) -> Obj:
    """Store an invoice item; without an invoice it is pending."""
    item = new_item(unit, customer, params, price_of(params, currency), currency)
    item["invoice"] = invoice and invoice["id"]
    return add_item(unit, item)


def new_item(unit: Unit, customer: Obj, params: Obj, price: Price, currency: str) -> Obj:
    """Return a pending invoice item, not yet stored."""
    now = unit.now(customer.get("test_clock"))
    item = unit.blank("invoiceitem")
    item.update(customer=customer["id"], currency=currency, date=now, metadata={}, discounts=[], tax_rates=[])
    item.update(discountable=bool(params.get("discountable", price.amount > 0)), test_clock=customer.get("test_clock"))
    item.update(description=params.get("description"))
    item["period"] = params.get("period") or {"start": now, "end": now}
    taxes.put(unit, item, params)
    set_price(item, price)
    fields.merge_metadata(item, params)
    return item


def add_item(unit: Unit, item: Obj) -> Obj:
    """Store a new invoice item."""
    unit.add(item)
    unit.emit("invoiceitem.created", item)
    return item


def set_price(obj: Obj, price: Price) -> None:
    """Put amount, pricing and quantity on an item or a line."""
    obj.update(amount=price.amount, pricing=price.pricing(), quantity=int(Decimal(price.quantity)))
    obj["quantity_decimal"] = price.quantity
    if obj["object"] == "line_item":
        obj["subtotal"] = price.amount
    else:
        obj["net_amount"] = price.amount


def put_on(unit: Unit, invoice: Obj, item: Obj) -> Obj:
    """Add a line for the item; raises StripeError beyond 250 lines or in another currency."""
    if item["currency"] != invoice["currency"]:
        raise invalid(
            f"The item's currency ({item['currency']}) must be the invoice's ({invoice['currency']}).",
            param="currency",
        )
    item["invoice"] = invoice["id"]
    line = unit.blank("line_item")
    line.update({name: item[name] for name in ("amount", "currency", "description", "discountable", "period")})
    line.update({name: item[name] for name in ("pricing", "quantity", "quantity_decimal")})
    line.update(invoice=invoice["id"], metadata=dict(item["metadata"] or {}), taxes=[])
    line["_sim"] = {"taxes": item["_sim"].get("taxes", []), "tax_rates": item["tax_rates"]}
    line.update(subtotal=item["amount"], discount_amounts=[], discounts=[], pretax_credit_amounts=[])
    line["parent"] = _parent(item)
    line["subscription"] = (item["parent"] or {}).get("subscription_details", {}).get("subscription")
    item["_sim"]["line"] = line["id"]
    unit.save(item)
    return unit.add(line)


def _parent(item: Obj) -> Obj:
    """Return where the line of an item comes from: of a proration its subscription."""
    source = {"invoice_item": item["id"], "proration": item["proration"], "proration_details": None}
    kinds = dict.fromkeys(("invoice_item_details", "subscription_item_details"))
    if item["parent"] is None:
        return {"type": "invoice_item_details", **kinds, "invoice_item_details": {**source, "subscription": None}}
    of_subscription = {**source, **item["parent"]["subscription_details"]}
    return {"type": "subscription_item_details", **kinds, "subscription_item_details": of_subscription}


def check_room(unit: Unit, invoice: Obj, more: int) -> None:
    """Raise StripeError when the invoice would get more than 250 lines."""
    held = unit.count(Query("line_item").where("invoice", invoice["id"]))
    if held + more > MAX_LINES:
        raise invalid(f"An invoice can have at most {MAX_LINES} items; this would make {held + more}.", param="lines")


def release(unit: Unit, line: Obj, *, keep_item: bool) -> None:
    """Take a line off its invoice; the item becomes pending again or goes with it."""
    parent = line["parent"]
    item = unit.find(parent[parent["type"]]["invoice_item"], "invoiceitem")
    unit.remove(line)
    if item is None:
        return
    item["invoice"] = None
    unit.save(item)
    if not keep_item:
        unit.remove(item)
        unit.emit("invoiceitem.deleted", item)


def drop_all(unit: Unit, invoice: Obj) -> None:
    """Remove the lines of a deleted draft with their items [assume: items are deleted, not made pending]."""
    for line in lines_of(unit, invoice):
        release(unit, line, keep_item=False)
