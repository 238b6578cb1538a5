"""The lines of a draft: add, update, remove, list."""

from stripe_emulator.engine import fields
from stripe_emulator.engine.lists import oldest_first
from stripe_emulator.engine.operations import Args, operation
from stripe_emulator.engine.unit import Unit
from stripe_emulator.errors import invalid
from stripe_emulator.invoicing import items, totals
from stripe_emulator.invoicing.pricing import check as check_price
from stripe_emulator.resources.invoice_items import apply
from stripe_emulator.storage.query import Query
from stripe_emulator.types import Obj


def check_lines(params: Obj) -> None:
    """Raise StripeError for a line whose price is given in two ways or not simulated."""
    for line in params["lines"]:
        if line.get("discounts"):
            raise invalid("discounts is not simulated by the emulator.", param="lines[discounts]")
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
    return _finish(unit, invoice, args.params)


@operation("invoice.update_lines", check_lines)
def update_lines(unit: Unit, args: Args) -> Obj:
    """Change lines of a draft, all or none."""
    invoice = unit.get("invoice", args.id)
    items.require_draft(invoice)
    for given in args.params["lines"]:
        _change(unit, _line_of(unit, invoice, given["id"]), given)
    return _finish(unit, invoice, args.params)


@operation("invoice.remove_lines")
def remove_lines(unit: Unit, args: Args) -> Obj:
    """Take lines off a draft, deleting their items or making them pending again, all or none."""
    invoice = unit.get("invoice", args.id)
    items.require_draft(invoice)
    for given in args.params["lines"]:
        items.release(unit, _line_of(unit, invoice, given["id"]), keep_item=given["behavior"] == "unassign")
    return _finish(unit, invoice, args.params)


@operation("invoice_line_item.update", check_price)
def update_line(unit: Unit, args: Args) -> Obj:
    """Change one line of a draft."""
    invoice = unit.get("invoice", args.id)
    items.require_draft(invoice)
    line = _line_of(unit, invoice, args.ids[1])
    _change(unit, line, args.params)
    _finish(unit, invoice, {})
    return line


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


def _line_of(unit: Unit, invoice: Obj, line_id: str) -> Obj:
    line = unit.get("line_item", line_id, "lines[id]")
    if line["invoice"] != invoice["id"]:
        raise invalid(f"The line {line_id} belongs to another invoice.", param="lines[id]")
    return line


def _change(unit: Unit, line: Obj, given: Obj) -> None:
    if line["parent"]["invoice_item_details"] is None:
        raise invalid("The emulator changes no lines that come from a subscription.", param="lines[id]")
    item = unit.get("invoiceitem", line["parent"]["invoice_item_details"]["invoice_item"])
    for obj in (line, item):
        apply(unit, obj, given)
        unit.save(obj)


def _finish(unit: Unit, invoice: Obj, params: Obj) -> Obj:
    if "invoice_metadata" in params:
        fields.merge_metadata(invoice, {"metadata": params["invoice_metadata"]})
    totals.recompute(unit, invoice)
    unit.changed("invoice.updated", invoice)
    return invoice
