"""Put what we owe a customer on its balance at Stripe, once."""

from datetime import datetime

import stripe
from stripe.params import CustomerBalanceTransactionCreateParams

from billflow.models.contracts.credits import CreditToPost
from billflow.payments import keys
from billflow.payments.amounts import to_stripe
from billflow.payments.calls import act_once, ask_all
from billflow.payments.lookup import PAGE
from billflow.payments.texts import fitted

DESCRIPTION = "Credit"
"""All that Stripe is told of a credit: reasons may name people, and a balance transaction outlives its customer."""


def transaction_params(credit: CreditToPost) -> CustomerBalanceTransactionCreateParams:
    """Return the request that puts *credit* on the balance."""
    params: CustomerBalanceTransactionCreateParams = {
        "amount": -to_stripe(credit.amount, credit.currency),
        "currency": credit.currency.lower(),
        "description": DESCRIPTION,
        "metadata": {keys.CREDIT: credit.credit_id},
    }
    return fitted("customer_balance_transaction.create", params)


async def post(client: stripe.StripeClient, stripe_customer_id: str, credit: CreditToPost, now: datetime) -> str:
    """Return the id of the balance transaction of *credit*, looking for it first where its key may be forgotten.

    Stripe writes a credit as a negative amount. Raises `StripeError`.
    """
    marks = {keys.CREDIT: credit.credit_id}
    transactions = client.v1.customers.balance_transactions

    async def look() -> stripe.CustomerBalanceTransaction | None:
        listing = transactions.list_async(stripe_customer_id, {"limit": PAGE})
        return keys.oldest_marked(await ask_all("customer_balance_transaction.list", listing), marks)

    found = await look() if keys.may_have_expired(credit.created_at, now) else None
    if found is None:
        found = await act_once(
            keys.act("customer_balance_transaction.create", credit.credit_id),
            lambda options: transactions.create_async(stripe_customer_id, transaction_params(credit), options),
            look,
        )
    return found.id
