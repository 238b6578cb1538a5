"""The customer balance: what a customer has in credit (negative) or owes (positive), with its ledger."""

from stripe_stand_in.engine.unit import Unit
from stripe_stand_in.errors import invalid
from stripe_stand_in.types import Obj


def adjust(unit: Unit, customer: Obj, amount: int, currency: str, reason: str, **links: str | None) -> Obj:
    """Add `amount` minor units to the balance and write the transaction; `links` name its invoice or credit note.

    The first change fixes the customer's currency; raises StripeError for another one later.
    """
    settled = customer.get("currency")
    if settled not in (None, currency):
        raise invalid(f"The customer's balance is in {settled}, not in {currency}.", param="currency")
    customer["currency"] = currency
    customer["balance"] += amount
    transaction = unit.blank("customer_balance_transaction", customer.get("test_clock"))
    transaction.update(amount=amount, currency=currency, customer=customer["id"], type=reason, metadata={})
    transaction.update(ending_balance=customer["balance"], **links)
    unit.save(customer)
    return unit.add(transaction)
