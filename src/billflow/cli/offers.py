"""`billflow offer`: what support prepares for one customer."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from billflow.cli import plan_commands
from billflow.cli.fields import Typed
from billflow.cli.lookup import ClockOption, CustomerHere, begun, change_here, found, now, org_of, short, time_of
from billflow.cli.output import Columns, FactList, Output, amount, time, whole, words
from billflow.cli.params import Key, moment_option
from billflow.cli.session import CommandGroup, Engine, Store, answered, key_of
from billflow.domain.plan import CollectionMethod, LicenseManagement, Schedule

if TYPE_CHECKING:
    from billflow.models.contracts.offers import OfferRecord

app = CommandGroup()


def _price(offer: "OfferRecord") -> str:
    prices = {
        "a year": offer.fixed_price,
        "a license and month": offer.monthly_discounted_price,
        "a license and year": offer.annual_discounted_price,
    }
    return ", ".join(f"{amount(price, offer.currency)} {unit}" for unit, price in prices.items() if price)


_OFFERS: Columns = {
    "id": lambda offer: short(offer.offer_id),
    "tier": lambda offer: offer.tier,
    "status": lambda offer: offer.status,
    "price": _price,
    "until": lambda offer: time(offer.expires_at),
}


async def _offer(store: Store, typed: str) -> "OfferRecord":
    return await store.repositories.offers.get(await org_of(store), await found(store, "offer", typed), now())


_OfferHere = Annotated["OfferRecord", Typed(_offer), begun("offer", "An")]
_ExpiresAt = Annotated[datetime | None, moment_option("Until when it can be accepted.")]
_Price = Annotated[int | None, typer.Option(min=1, help="In minor units of the customer's currency.")]


@app.on_engine(
    "offer create 5f1c --tier cloud_enterprise --fixed-price 1200000",
    "offer create 5f1c --tier cloud_standard --monthly-discounted-price 600",
)
async def create(  # noqa: PLR0913  (each is one term of the offer)
    engine: Engine,
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
    from billflow.models.contracts.offers import CreatedOfferResponse, OfferCreate

    new = OfferCreate(
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
    made = await engine.offers.make(customer.org_id, customer.customer_id, new, change_here())
    return Output(CreatedOfferResponse.of_made(made), _described(made.offer))


@app.on_database("offer list 5f1c --json", name="list")
async def list_(store: Store, customer: CustomerHere) -> Output:
    """List what a customer was offered, the newest first."""
    return whole("Offers", await store.repositories.offers.list(customer.org_id, customer.customer_id, now()), _OFFERS)


@app.on_engine("offer withdraw 7c2e")
async def withdraw(engine: Engine, offer: _OfferHere) -> Output:
    """Take an offer back; a purchase of it that is not paid yet ends."""
    withdrawn = engine.offers.withdraw(offer.org_id, offer.customer_id, offer.offer_id, change_here())
    shown = await answered(withdrawn)
    return Output(shown, _described(shown))


@app.on_engine("offer accept 7c2e --schedule monthly")
async def accept(  # noqa: PLR0913  (each is one choice)
    engine: Engine,
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
    from billflow.models.contracts.offers import Acceptance

    chosen = Acceptance(
        key=key_of(key),
        schedule=schedule,
        licenses=licenses,
        license_management=license_management,
        collection_method=collection_method,
        test_clock_id=clock,
    )
    change = change_here().model_copy(update={"at": await time_of(engine, clock)})
    started = engine.offers.accept(offer.org_id, offer.customer_id, offer.offer_id, chosen, change)
    return plan_commands.started(await answered(started, chosen.key))


def _described(offer: "OfferRecord") -> FactList:
    shown = {
        "id": offer.offer_id,
        "status": offer.status,
        "price": _price(offer),
        "paid by": words(offer.collection_method),
        "until": time(offer.expires_at) if offer.expires_at else None,
        "sent invoice": offer.sent_invoice_id,
    }
    return FactList(offer.tier, shown)
