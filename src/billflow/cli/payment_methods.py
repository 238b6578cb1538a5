"""`billflow customer card|card-link|portal-link`: how a customer pays."""

from typing import TYPE_CHECKING, Annotated

import typer

from billflow.cli import output
from billflow.cli.lookup import found, org_of
from billflow.cli.params import AsJson, CustomerId, example
from billflow.cli.session import run
from billflow.domain.errors import Refused

if TYPE_CHECKING:
    from billflow.wiring.engine import Engine

app = typer.Typer()
"""Added to `billflow customer`."""

ReturnUrl = Annotated[
    str | None, typer.Option("--return-url", help="Where the customer comes back to; BILLFLOW_RETURN_URL else.")
]


@app.command(epilog=example("customer card 5f1c --test-card pm_card_visa"))
def card(
    customer: CustomerId,
    *,
    test_card: Annotated[
        str, typer.Option(help="One of Stripe's test cards, as if the customer had entered it.")
    ] = "pm_card_visa",
    as_json: AsJson = False,
) -> None:
    """Put a test card on file, in place of the customer's own browser; never with a live key."""

    async def act(engine: "Engine") -> None:
        customer_id = await found(engine, "customer", customer)
        payer = await engine.invoices.payer(await org_of(engine), customer_id)
        method = await engine.sandbox.give_card(str(payer.stripe_customer_id), test_card)
        if as_json:
            output.as_json({"customer_id": customer_id, "payment_method": method})
        else:
            output.say(f"{method} is now the default payment method; what is open is charged to it.")

    run(act)


@app.command("card-link", epilog=example("customer card-link 5f1c"))
def card_link(customer: CustomerId, *, return_url: ReturnUrl = None, as_json: AsJson = False) -> None:
    """Make a page where the customer enters a card, which then pays everything that is open."""

    async def act(engine: "Engine") -> None:
        org_id, customer_id = await org_of(engine), await found(engine, "customer", customer)
        url = return_url or engine.settings.return_url
        _show(await engine.invoices.card_link(org_id, customer_id, _checked(url)), as_json=as_json)

    run(act)


@app.command("portal-link", epilog=example("customer portal-link 5f1c"))
def portal_link(customer: CustomerId, *, return_url: ReturnUrl = None, as_json: AsJson = False) -> None:
    """Make a page where the customer sees its invoices and changes its card."""

    async def act(engine: "Engine") -> None:
        org_id, customer_id = await org_of(engine), await found(engine, "customer", customer)
        url = return_url or engine.settings.return_url
        _show(await engine.invoices.portal_link(org_id, customer_id, _checked(url)), as_json=as_json)

    run(act)


def _checked(url: str) -> str:
    if not url.startswith(("https://", "http://")):
        raise Refused(f"{url!r} is no address; write it as https://app.example/billing.", code="invalid_url")
    return url


def _show(url: str, *, as_json: bool) -> None:
    if as_json:
        output.as_json({"url": url})
    else:
        output.say(url)
