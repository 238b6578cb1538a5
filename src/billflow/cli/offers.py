"""`billflow offer`: what support prepares for one customer."""

from datetime import datetime
from typing import Annotated

import typer

from billflow.cli import plan_commands
from billflow.cli.json_objects import JsonObject, given
from billflow.cli.lookup import ClockOption, CustomerHere, begun, id_of, short
from billflow.cli.output import Columns, FactList, Listing, Output, amount, day, listed, time, words
from billflow.cli.params import Key, moment_option
from billflow.cli.session import Api, CommandGroup
from billflow.domain.plan import CollectionMethod, LicenseManagement, Schedule

app = CommandGroup()


def _price(offer: JsonObject) -> str:
    prices = {
        "a year": offer.fixed_price,
        "a license and month": offer.monthly_discounted_price,
        "a license and year": offer.annual_discounted_price,
    }
    return ", ".join(f"{amount(price, offer.currency)} {unit}" for unit, price in prices.items() if price)


_OFFERS: Columns = {
    "id": lambda offer: short(offer.id),
    "tier": lambda offer: offer.tier,
    "status": lambda offer: offer.status,
    "price~": _price,
    "until": lambda offer: day(offer.expires_at),
}


_OfferHere = Annotated[str, id_of("offer"), begun("offer", "An")]
_ExpiresAt = Annotated[datetime | None, moment_option("Until when it can be accepted.")]
_Price = Annotated[int | None, typer.Option(min=1, help="In minor units of the customer's currency.")]


@app.on_api(
    "offer create 5f1c --tier cloud_enterprise --fixed-price 1200000",
    "offer create 5f1c --tier cloud_standard --monthly-discounted-price 600",
)
def create(  # noqa: PLR0913  (each is one term of the offer)
    api: Api,
    customer: CustomerHere,
    *,
    tier: Annotated[str, typer.Option(help="A tier's code.")],
    fixed_price: _Price = None,
    monthly_discounted_price: _Price = None,
    annual_discounted_price: _Price = None,
    minimum_licenses: Annotated[int | None, typer.Option(min=1, help="The fewest licenses from then on.")] = None,
    collection_method: Annotated[
        CollectionMethod, typer.Option(help="How it is paid.")
    ] = CollectionMethod.CHARGE_AUTOMATICALLY,
    days_until_due: Annotated[int | None, typer.Option(min=0, max=365, help="Days to pay a sent invoice.")] = None,
    expires_at: _ExpiresAt = None,
    sent_invoice: Annotated[str | None, typer.Option(help="An open invoice sent at Stripe that buys it.")] = None,
) -> Output:
    """Offer a yearly fixed price, or prices per license."""
    new = given(
        tier=tier,
        fixed_price=fixed_price,
        monthly_discounted_price=monthly_discounted_price,
        annual_discounted_price=annual_discounted_price,
        minimum_licenses=minimum_licenses,
        collection_method=collection_method,
        days_until_due=days_until_due,
        expires_at=expires_at,
        sent_invoice_id=sent_invoice,
    )
    made = api.write("POST", f"/customers/{customer}/offers", new)
    return Output(made, _described(made.offer))


@app.on_api("offer list 5f1c --json", name="list")
def list_(api: Api, customer: CustomerHere) -> Listing:
    """List what a customer was offered, the newest first."""
    return listed("Offers", api.all(f"/customers/{customer}/offers"), _OFFERS)


@app.on_api("offer withdraw 7c2e")
def withdraw(api: Api, offer: _OfferHere) -> Output:
    """Take an offer back; a purchase of it that is not paid yet ends."""
    withdrawn = api.write("DELETE", _path(api, offer))
    return Output(withdrawn, _described(withdrawn))


@app.on_api("offer accept 7c2e --schedule monthly")
def accept(  # noqa: PLR0913  (each is one choice)
    api: Api,
    offer: _OfferHere,
    *,
    schedule: Annotated[Schedule, typer.Option(help="How often it is billed.")] = Schedule.ANNUAL,
    licenses: Annotated[int | None, typer.Option(help="How many to buy, where the price is per license.")] = None,
    license_management: Annotated[LicenseManagement, typer.Option(help="Who counts.")] = LicenseManagement.AUTOMATIC,
    collection_method: Annotated[CollectionMethod | None, typer.Option(help="How it is paid.")] = None,
    clock: ClockOption = None,
    key: Key = None,
) -> Output:
    """Accept an offer for its customer: the plan starts at its price."""
    chosen = given(
        schedule=schedule,
        licenses=licenses,
        license_management=license_management,
        collection_method=collection_method,
        test_clock_id=clock,
    )
    return plan_commands.started(api.write("POST", f"{_path(api, offer)}/accept", chosen, key))


def _path(api: Api, offer: str) -> str:
    """Return where an offer is, by the customer whom it was made to."""
    return f"/customers/{api.get(f'/offers/{offer}').customer_id}/offers/{offer}"


def _described(offer: JsonObject) -> FactList:
    shown = {
        "id": offer.id,
        "status": offer.status,
        "price~": _price(offer),
        "paid by": words(offer.collection_method),
        "until": time(offer.expires_at) if offer.expires_at else None,
        "sent invoice": offer.sent_invoice_id,
    }
    return FactList(offer.tier, shown)
