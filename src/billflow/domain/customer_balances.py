"""Two accounts of what is owed to a customer side by side: our rows and the balance at Stripe.

Amounts are Stripe's units of a currency on both sides; positive is owed to the customer.
"""

from dataclasses import dataclass

from billflow.domain.reconciliation import Finding, FindingKind, Repair, Severity, money


@dataclass(frozen=True, slots=True, kw_only=True)
class BilledAccount:
    """A billing account that has a customer at Stripe; `is_young` leaves one alone that may still be on its way."""

    stripe_customer_id: str
    balance: int
    currency: str
    is_young: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class StripeCustomer:
    """A customer as Stripe has it; without a `currency` it never had a balance."""

    stripe_customer_id: str
    balance: int
    currency: str | None
    is_deleted: bool = False


def compare_customer(recorded: BilledAccount, held: StripeCustomer | None) -> Finding | None:
    """Name a customer that is deleted at Stripe, that it never knew, or on whose balance the two do not agree."""
    subject = recorded.stripe_customer_id
    if held is None:
        message = f"Stripe never knew the customer {subject}: the key may be that of another account."
        return Finding(FindingKind.CUSTOMER_MISSING, Severity.CRITICAL, subject, message)
    if held.is_deleted:
        message = f"The customer {subject} is deleted at Stripe; {_shown(recorded)} was on its balance."
        return Finding(FindingKind.CUSTOMER_MISSING, Severity.WARNING, subject, message, Repair.REPLACE_CUSTOMER)
    agree = held.balance == recorded.balance and (not held.balance or held.currency == recorded.currency)
    if agree or recorded.is_young:
        return None
    theirs = money(held.balance, held.currency or recorded.currency)
    message = f"{_shown(recorded)} on the customer's balance in our records, {theirs} at Stripe; correct it there."
    return Finding(FindingKind.WRONG_BALANCE, Severity.CRITICAL, subject, message)


def _shown(recorded: BilledAccount) -> str:
    return money(recorded.balance, recorded.currency)
