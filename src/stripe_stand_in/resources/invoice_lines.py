"""The lines of a draft: add, list."""

from stripe_stand_in.engine import fields
from stripe_stand_in.engine.lists import oldest_first
from stripe_stand_in.engine.registry import Args, operation
from stripe_stand_in.engine.unit import Unit
from stripe_stand_in.errors import invalid
from stripe_stand_in.invoicing import items, totals
from stripe_stand_in.invoicing.pricing import check as check_price
from stripe_stand_in.storage.query import Query
from stripe_stand_in.types import Obj

UNSIMULATED = ("discounts", "tax_rates")


def check_lines(params: Obj) -> None:
    """Raise StripeError for a line whose price is given in two ways or not simulated."""
    for line in params["lines"]:
        for name in UNSIMULATED:
            if line.get(name):
                raise invalid(f"{name} is not simulated by the stand-in.", param=f"lines[{name}]")
        check_price(line)


@operation("invoice.add_lines", check_lines)
def add_lines(unit: Unit, args: Args) -> Obj:
    """Add lines to a draft, all or none."""
    invoice = unit.get("invoice", args.id)
    items.require_draft(invoice)
    lines = args.params["lines"]
    items.check_room(unit, invoice, len(lines))
    customer = unit.get("customer", invoice["customer"], "customer")
    for given in lines:
        items.put_on(unit, invoice, _item(unit, invoice, customer, given))
    if "invoice_metadata" in args.params:
        fields.merge_metadata(invoice, {"metadata": args.params["invoice_metadata"]})
    totals.recompute(unit, invoice)
    unit.changed("invoice.updated", invoice)
    return invoice


@operation("invoice_line_item.list")
def list_lines(unit: Unit, args: Args) -> Obj:
    """List the lines of an invoice in the order they were added."""
    invoice = unit.get("invoice", args.id)
    return oldest_first(unit, args, Query("line_item", ascending=True).where("invoice", invoice["id"]))


def _item(unit: Unit, invoice: Obj, customer: Obj, given: Obj) -> Obj:
    existing = given.get("invoice_item")
    if not existing:
        return items.make_item(unit, customer, given, invoice["currency"], invoice)
    item = unit.get("invoiceitem", existing, "lines[invoice_item]")
    if item["invoice"] is not None or item["customer"] != invoice["customer"]:
        raise invalid(f"The invoice item {existing} is not a pending item of this customer.", param="lines")
    return item
