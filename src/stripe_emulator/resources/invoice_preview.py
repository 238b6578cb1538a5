"""Show the invoice that a customer would get now, without making it."""

from stripe_emulator.engine import money
from stripe_emulator.engine.operations import Args, operation
from stripe_emulator.engine.render import render
from stripe_emulator.engine.unit import Unit
from stripe_emulator.errors import invalid
from stripe_emulator.invoicing import items, totals
from stripe_emulator.invoicing.pricing import check as check_price
from stripe_emulator.resources.customers import create as create_customer
from stripe_emulator.resources.invoices import create as create_invoice
from stripe_emulator.types import Obj

UNSIMULATED = ("subscription", "subscription_details", "schedule", "schedule_details", "discounts", "customer_account")


def check(params: Obj) -> None:
    """Raise StripeError for what is not simulated, and without anyone to invoice."""
    for name in UNSIMULATED:
        if params.get(name):
            raise invalid(f"{name} is not simulated by the emulator.", param=name)
    money.check_currency(params.get("currency"))
    if not params.get("customer") and not params.get("customer_details"):
        raise invalid("Missing required param: customer.", code="parameter_missing", param="customer")
    for item in params.get("invoice_items") or []:
        check_price(item)


@operation("invoice.create_preview", check)
def create_preview(unit: Unit, args: Args) -> Obj:
    """Make a draft of the pending and given items, look at it, and undo it."""
    unit.flush()
    unit.db.execute("SAVEPOINT preview")
    customer_id = args.params.get("customer") or create_customer(unit, Args("", (), {}))["id"]
    currency = args.params.get("currency") or _currency_of(args.params)
    wanted = {"customer": customer_id, "pending_invoice_items_behavior": "include"}
    wanted |= {name: args.params[name] for name in ("automatic_tax",) if name in args.params}
    invoice = create_invoice(unit, Args("", (), {**wanted, **({"currency": currency} if currency else {})}))
    customer = unit.get("customer", customer_id)
    for given in args.params.get("invoice_items") or []:
        item = items.make_item(unit, customer, given, invoice["currency"], invoice)
        items.put_on(unit, invoice, item)
    totals.recompute(unit, invoice)
    balance = customer["balance"] if customer["currency"] in (None, invoice["currency"]) else 0
    invoice.update(starting_balance=balance, amount_due=max(invoice["total"] + balance, 0))
    invoice["amount_remaining"] = invoice["amount_due"]
    shown = render(unit, invoice)
    unit.flush()
    unit.db.execute("ROLLBACK TO preview")
    return shown


def _currency_of(params: Obj) -> str | None:
    for item in params.get("invoice_items") or []:
        currency = item.get("currency") or (item.get("price_data") or {}).get("currency")
        if currency:
            money.check_currency(currency)
            return str(currency)
    return None
