"""Invoice items: create (pending, or on a draft), retrieve, update, delete, list."""

from stripe_emulator.engine import fields, money
from stripe_emulator.engine.expand import deleted
from stripe_emulator.engine.lists import page
from stripe_emulator.engine.operations import Args, operation
from stripe_emulator.engine.render import renders
from stripe_emulator.engine.unit import Unit
from stripe_emulator.errors import invalid
from stripe_emulator.invoicing import items, tax_rates, taxes, totals
from stripe_emulator.invoicing.pricing import WAYS, price_of
from stripe_emulator.invoicing.pricing import check as check_price
from stripe_emulator.storage.query import Query
from stripe_emulator.storage.records import Records
from stripe_emulator.types import Obj

UNSIMULATED = ("subscription", "discounts", "customer_account")
PRICED = {*WAYS, "quantity", "quantity_decimal"}


def check(params: Obj) -> None:
    """Raise StripeError for prices given twice, unknown currencies and what is not simulated."""
    for name in UNSIMULATED:
        if params.get(name):
            raise invalid(f"{name} is not simulated by the emulator.", param=name)
    money.check_currency(params.get("currency"))
    check_price(params)


def check_create(params: Obj) -> None:
    """Raise StripeError without a customer or an invoice."""
    if not params.get("customer") and not params.get("invoice"):
        raise invalid("Missing required param: customer.", code="parameter_missing", param="customer")
    check(params)


@operation("invoice_item.create", check_create)
def create(unit: Unit, args: Args) -> Obj:
    """Create an item: on the given draft, or pending until an invoice includes it."""
    params = args.params
    invoice = unit.get("invoice", params["invoice"], "invoice") if params.get("invoice") else None
    customer = unit.get("customer", params.get("customer") or (invoice or {})["customer"], "customer")
    if invoice is None:
        currency = params.get("currency") or (params.get("price_data") or {}).get("currency")
        return items.make_item(unit, customer, params, currency or customer.get("currency") or "usd", None)
    items.require_draft(invoice)
    if invoice["customer"] != customer["id"]:
        raise invalid("The invoice belongs to another customer.", param="invoice")
    items.check_room(unit, invoice, 1)
    item = items.make_item(unit, customer, params, params.get("currency") or invoice["currency"], invoice)
    items.put_on(unit, invoice, item)
    _refresh(unit, invoice)
    return item


@operation("invoice_item.retrieve")
def retrieve(unit: Unit, args: Args) -> Obj:
    """Return an item."""
    return unit.get("invoiceitem", args.id)


@operation("invoice_item.update", check)
def update(unit: Unit, args: Args) -> Obj:
    """Change an item that is pending or on a draft; its line follows."""
    item = unit.get("invoiceitem", args.id)
    invoice = unit.find(item["invoice"], "invoice")
    if invoice is not None:
        items.require_draft(invoice)
    apply(unit, item, args.params)
    unit.save(item)
    line = unit.find(item["_sim"].get("line"), "line_item") if invoice else None
    if line is not None and invoice is not None:
        apply(unit, line, args.params)
        unit.save(line)
        _refresh(unit, invoice)
    return item


@operation("invoice_item.delete")
def delete(unit: Unit, args: Args) -> Obj:
    """Delete an item that is pending or on a draft, with its line."""
    item = unit.get("invoiceitem", args.id)
    invoice = unit.find(item["invoice"], "invoice")
    line = unit.find(item["_sim"].get("line"), "line_item")
    if invoice is not None:
        items.require_draft(invoice)
    if invoice is not None and line is not None:
        items.release(unit, line, keep_item=False)
        _refresh(unit, invoice)
    else:
        unit.remove(item)
        unit.emit("invoiceitem.deleted", item)
    return deleted(item)


@operation("invoice_item.list")
def list_items(unit: Unit, args: Args) -> Obj:
    """List items by customer, invoice, creation, and whether they are pending."""
    query = Query("invoiceitem")
    for name in ("customer", "invoice"):
        if args.params.get(name):
            query.where(name, args.params[name])
    if args.params.get("created") is not None:
        query.between("created", args.params["created"])
    if args.params.get("pending") is not None:
        query.matching("invoice IS NULL" if args.params["pending"] else "invoice IS NOT NULL")
    return page(unit, args, query)


@renders("invoiceitem")
def with_rates(records: Records, item: Obj) -> None:
    """Show the tax rates as they are now."""
    item["tax_rates"] = tax_rates.shown(records, item["tax_rates"])


def apply(unit: Unit, obj: Obj, params: Obj) -> None:
    """Change an item or a line by the given parameters; a new price counts the old quantity unless given."""
    fields.copy(obj, params, ("description", "discountable"))
    fields.merge_metadata(obj, params)
    taxes.put(unit, obj, params)
    if params.get("period"):
        obj["period"] = params["period"]
    if not PRICED.isdisjoint(params):
        items.set_price(obj, price_of(_completed(obj, params), obj["currency"]))


def _completed(obj: Obj, params: Obj) -> Obj:
    given = {name: value for name, value in params.items() if name in PRICED and value is not None}
    if not {"quantity", "quantity_decimal", "amount"} & set(given):
        given["quantity_decimal"] = obj["quantity_decimal"]
    if not set(WAYS) & set(given):
        given["unit_amount_decimal"] = obj["pricing"]["unit_amount_decimal"]
    return given


def _refresh(unit: Unit, invoice: Obj) -> None:
    totals.recompute(unit, invoice)
    unit.changed("invoice.updated", invoice)
