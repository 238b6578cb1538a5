"""The ledger of a customer's balance."""

from stripe_emulator.engine import balance, fields, money
from stripe_emulator.engine.lists import page
from stripe_emulator.engine.operations import Args, operation
from stripe_emulator.engine.unit import Unit
from stripe_emulator.errors import missing_resource
from stripe_emulator.storage.query import Query
from stripe_emulator.types import Obj

KIND = "customer_balance_transaction"


def check(params: Obj) -> None:
    """Raise StripeError for an unknown currency, or an amount that it has no coins for [assume]."""
    money.check_currency(params["currency"])
    money.check_step(params["amount"], params["currency"])


@operation("customer_balance_transaction.create", check)
def create(unit: Unit, args: Args) -> Obj:
    """Adjust the balance; a negative amount is a credit to the customer."""
    customer = unit.get("customer", args.id)
    transaction = balance.adjust(unit, customer, args.params["amount"], args.params["currency"], "adjustment")
    transaction["description"] = args.params.get("description")
    fields.merge_metadata(transaction, args.params)
    unit.save(transaction)
    unit.changed("customer.updated", customer)
    return transaction


@operation("customer_balance_transaction.retrieve")
def retrieve(unit: Unit, args: Args) -> Obj:
    """Return one transaction of the customer."""
    transaction = unit.get(KIND, args.ids[1])
    if transaction["customer"] != args.id:
        raise missing_resource(KIND, args.ids[1])
    return transaction


@operation("customer_balance_transaction.list")
def list_transactions(unit: Unit, args: Args) -> Obj:
    """List a customer's transactions, all or those of an invoice."""
    customer = unit.get("customer", args.id)
    query = Query(KIND).where("customer", customer["id"])
    if args.params.get("invoice"):
        query.where("invoice", args.params["invoice"])
    if args.params.get("created") is not None:
        query.between("created", args.params["created"])
    return page(unit, args, query)
