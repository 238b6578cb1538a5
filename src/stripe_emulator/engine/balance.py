"""The customer balance: what a customer has in credit (negative) or owes (positive), with its ledger."""

from stripe_emulator.engine.unit import Unit
from stripe_emulator.errors import invalid
from stripe_emulator.types import Obj

UNPAID = "usd"


def set_to(unit: Unit, customer: Obj, target: int, reason: str) -> None:
    """Bring the balance to `target`; a customer without a currency keeps none until an invoice brings one [assume]."""
    settled = customer["currency"]
    adjust(unit, customer, target - customer["balance"], settled or UNPAID, reason)
    customer["currency"] = settled


def adjust(unit: Unit, customer: Obj, amount: int, currency: str, reason: str, **links: str | None) -> Obj:
    """Add `amount` minor units to the balance and write the transaction; `links` name its invoice or credit note.

    The first change fixes the customer's currency; raises StripeError for another one later.
    """
    settled = customer["currency"]
    if settled not in (None, currency):
        raise invalid(f"The customer's balance is in {settled}, not in {currency}.", param="currency")
    customer["currency"] = currency
    customer["balance"] += amount
    transaction = unit.blank("customer_balance_transaction", customer.get("test_clock"))
    transaction.update(amount=amount, currency=currency, customer=customer["id"], type=reason, metadata={})
    transaction.update(ending_balance=customer["balance"], **links)
    unit.save(customer)
    return unit.add(transaction)
