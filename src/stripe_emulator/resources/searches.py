"""Search customers, invoices and payment intents."""

from stripe_emulator.engine.operations import Args, operation
from stripe_emulator.engine.search import search
from stripe_emulator.engine.unit import Unit
from stripe_emulator.types import Obj


@operation("customer.search")
def search_customers(unit: Unit, args: Args) -> Obj:
    """Search customers."""
    return search(unit, args, "customer", {"created", "email", "name", "phone"})


@operation("invoice.search")
def search_invoices(unit: Unit, args: Args) -> Obj:
    """Search invoices."""
    fields = {"created", "currency", "customer", "number", "receipt_number", "status", "subscription", "total"}
    return search(unit, args, "invoice", fields)


@operation("payment_intent.search")
def search_intents(unit: Unit, args: Args) -> Obj:
    """Search payment intents."""
    return search(unit, args, "payment_intent", {"amount", "created", "currency", "customer", "status"})
