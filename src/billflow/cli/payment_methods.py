"""`billflow customer card|card-link|stripe-portal-link`: how a customer pays."""

import os
from typing import Annotated

import typer

from billflow.cli.lookup import CustomerHere
from billflow.cli.output import Output
from billflow.cli.session import Api, CommandGroup

app = CommandGroup()
"""Added to `billflow customer`."""

ReturnUrl = Annotated[
    str | None, typer.Option("--return-url", help="Where the customer comes back to; BILLFLOW_RETURN_URL else.")
]


@app.on_api("customer card 5f1c --test-card pm_card_visa")
def card(
    api: Api,
    customer: CustomerHere,
    *,
    test_card: Annotated[
        str, typer.Option(help="One of Stripe's test cards, as if the customer had entered it.")
    ] = "pm_card_visa",
) -> Output:
    """Put a test card on file, in place of the customer's own browser; never in live mode."""
    given = api.write("POST", f"/customers/{customer}/test-card", {"test_card": test_card})
    sentence = f"{given.payment_method} is now the default payment method; what is open is charged to it."
    return Output(given, sentence)


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
