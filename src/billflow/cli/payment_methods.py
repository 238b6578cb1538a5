"""`billflow customer card|card-link|portal-link`: how a customer pays."""

from typing import Annotated

import typer

from billflow.cli.lookup import CustomerHere, now
from billflow.cli.output import Output
from billflow.cli.session import CommandGroup, Engine
from billflow.domain.errors import Refused

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
    payer = await engine.invoices.payer(customer.org_id, customer.customer_id)
    at_stripe = str(payer.stripe_customer_id)
    method = await engine.sandbox.give_card(at_stripe, test_card)
    await engine.collection.card_changed(customer.org_id, at_stripe, method, now())
    sentence = f"{method} is now the default payment method; what is open is charged to it."
    return Output({"customer_id": customer.customer_id, "payment_method": method}, sentence)


@app.on_engine("customer card-link 5f1c", name="card-link")
async def card_link(engine: Engine, customer: CustomerHere, return_url: ReturnUrl = None) -> Output:
    """Make a page where the customer enters a card, which then pays everything that is open."""
    back = _checked(return_url or engine.settings.return_url)
    url = await engine.invoices.card_link(customer.org_id, customer.customer_id, back)
    return Output({"url": url}, url)


@app.on_engine("customer portal-link 5f1c", name="portal-link")
async def portal_link(engine: Engine, customer: CustomerHere, return_url: ReturnUrl = None) -> Output:
    """Make a page where the customer sees its invoices and changes its card."""
    back = _checked(return_url or engine.settings.return_url)
    url = await engine.invoices.portal_link(customer.org_id, customer.customer_id, back)
    return Output({"url": url}, url)


def _checked(url: str) -> str:
    if not url.startswith(("https://", "http://")):
        raise Refused(f"{url!r} is no address; write it as https://app.example/billing.", code="invalid_url")
    return url
