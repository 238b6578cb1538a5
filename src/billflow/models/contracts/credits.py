"""What we owe a customer: credits, and what became of them; amounts in minor units of `currency`."""

from billflow.models.contracts.base import Contract, Moment


class CreditToPost(Contract):
    """A credit that Stripe does not know yet; `created_at` is real time, by which idempotency keys are trusted."""

    credit_id: str
    amount: int
    currency: str
    reason: str
    created_at: Moment


class CreditRecord(Contract):
    """One change of what we owe: positive grants, negative uses.

    `invoice_id` is the invoice that used it or gave it back; `stripe_balance_transaction_id` is how Stripe knows a
    credit that was granted.
    """

    credit_id: str
    amount: int
    currency: str
    reason: str
    at: Moment
    plan_id: str | None
    invoice_id: str | None
    stripe_balance_transaction_id: str | None


class CreditBalance(Contract):
    """What is left for the next invoice, and how it came about, the oldest change first."""

    customer_id: str
    currency: str
    balance: int
    credits: tuple[CreditRecord, ...]
