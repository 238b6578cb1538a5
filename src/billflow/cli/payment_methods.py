"""`billflow customer card|card-link|stripe-portal-link`: how a customer pays."""

import os
from typing import Annotated

import typer

from billflow.cli.lookup import CustomerHere, now, org_of
from billflow.cli.output import Output
from billflow.cli.session import Api, CommandGroup, Engine

app = CommandGroup()
"""Added to `billflow customer`."""

ReturnUrl = Annotated[
    str | None, typer.Option("--return-url", help="Where the customer comes back to; BILLFLOW_RETURN_URL else.")
]


@app.on_engine("customer card 5f1c --test-card pm_card_visa")
async def card(
    engine: Engine,
    customer: CustomerHere,
    *,
    test_card: Annotated[
        str, typer.Option(help="One of Stripe's test cards, as if the customer had entered it.")
    ] = "pm_card_visa",
) -> Output:
    """Put a test card on file, in place of the customer's own browser; never with a live key."""
    org_id = await org_of(engine)
    payer = await engine.invoices.payer(org_id, customer)
    at_stripe = str(payer.stripe_customer_id)
    method = await engine.sandbox.give_card(at_stripe, test_card)
    await engine.collection.card_changed(org_id, at_stripe, method, now())
    sentence = f"{method} is now the default payment method; what is open is charged to it."
    return Output({"customer_id": customer, "payment_method": method}, sentence)


@app.on_api("customer card-link 5f1c", name="card-link")
def card_link(api: Api, customer: CustomerHere, return_url: ReturnUrl = None) -> Output:
    """Make a page where the customer enters a card, which then pays everything that is open."""
    return _linked(api, f"/customers/{customer}/card-link", return_url)


@app.on_api("customer stripe-portal-link 5f1c", name="stripe-portal-link")
def stripe_portal_link(api: Api, customer: CustomerHere, return_url: ReturnUrl = None) -> Output:
    """Make a page of Stripe's where the customer sees its invoices and changes its card."""
    return _linked(api, f"/customers/{customer}/portal-link", return_url)


def _linked(api: Api, path: str, return_url: str | None) -> Output:
    back = return_url or os.environ.get("BILLFLOW_RETURN_URL") or f"{api.place.url}/"
    link = api.write("POST", path, {"return_url": back})
    return Output(link, link.url)
