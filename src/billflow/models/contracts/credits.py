"""What we owe a customer, as Stripe is to know it; amounts in minor units of `currency`."""

from billflow.models.contracts.base import Contract, Moment


class CreditToPost(Contract):
    """A credit that Stripe does not know yet; `created_at` is real time, by which idempotency keys are trusted."""

    credit_id: str
    amount: int
    currency: str
    created_at: Moment
