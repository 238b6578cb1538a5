"""`billflow offer`: what support prepares for one customer."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from billflow.cli import output
from billflow.cli.lookup import found, now, org_of, short
from billflow.cli.params import AsJson, CustomerId, Key, example, moment
from billflow.cli.session import actor, answered, key_of, on_database, run
from billflow.domain.plan import CollectionMethod, LicenseManagement, Schedule

if TYPE_CHECKING:
    from billflow.models.contracts.customers import ChangeContext
    from billflow.models.contracts.offers import OfferRecord
    from billflow.wiring.engine import Engine
    from billflow.wiring.store import Store

app = typer.Typer(help="Prepare prices for one customer.", epilog=example("offer list 5f1c"), no_args_is_help=True)

OfferId = Annotated[str, typer.Argument(metavar="OFFER", help="An offer's id, or enough of its beginning.")]
_ExpiresAt = Annotated[
    datetime | None, typer.Option(parser=moment, metavar="MOMENT", help="Until when it can be accepted.")
]
_Price = Annotated[int | None, typer.Option(min=1, help="In minor units of the customer's currency.")]


@app.command(
    epilog=example(
        "offer create 5f1c --tier cloud_enterprise --fixed-price 1200000",
        "offer create 5f1c --tier cloud_standard --monthly-discounted-price 600",
    )
)
def create(  # noqa: PLR0913  (each is one term of the offer)
    customer: CustomerId,
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
    as_json: AsJson = False,
) -> None:
    """Offer a yearly fixed price, or prices per license."""

    async def act(engine: "Engine") -> None:
        from billflow.models.contracts.offers import NewOffer

        new = NewOffer(
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
        org_id, customer_id = await org_of(engine), await found(engine, "customer", customer)
        made = await engine.offers.make(org_id, customer_id, new, _change())
        if as_json:
            output.as_json(made)
        else:
            _show(made.offer)

    run(act)


@app.command("list", epilog=example("offer list 5f1c --json"))
def list_(customer: CustomerId, *, as_json: AsJson = False) -> None:
    """List what a customer was offered, the newest first."""

    async def act(store: "Store") -> None:
        org_id, customer_id = await org_of(store), await found(store, "customer", customer)
        offers = await store.repositories.offers.list(org_id, customer_id, now())
        if as_json:
            output.as_json({"offers": offers, "total": len(offers)})
            return
        rows = [
            (short(offer.offer_id), offer.tier, offer.status, _price(offer), output.time(offer.expires_at))
            for offer in offers
        ]
        output.table(f"Offers: {len(offers)}", ("id", "tier", "status", "price", "until"), rows)

    on_database(act)


@app.command(epilog=example("offer withdraw 7c2e"))
def withdraw(offer: OfferId, *, as_json: AsJson = False) -> None:
    """Take an offer back; a purchase of it that is not paid yet ends."""

    async def act(engine: "Engine") -> None:
        change = _change()
        known = await _offer(engine, offer)
        withdrawn = engine.offers.withdraw(known.org_id, known.customer_id, known.offer_id, change)
        shown = await answered(withdrawn)
        if as_json:
            output.as_json(shown)
        else:
            _show(shown)

    run(act)


@app.command(epilog=example("offer accept 7c2e --schedule monthly"))
def accept(  # noqa: PLR0913  (each is one choice)
    offer: OfferId,
    *,
    schedule: Annotated[Schedule, typer.Option(help="How often it is billed.")] = Schedule.ANNUAL,
    licenses: Annotated[int | None, typer.Option(help="How many to buy, where the price is per license.")] = None,
    license_management: Annotated[LicenseManagement, typer.Option(help="Who counts.")] = LicenseManagement.AUTOMATIC,
    collection_method: Annotated[CollectionMethod | None, typer.Option(help="How it is paid.")] = None,
    clock: Annotated[str | None, typer.Option("--clock", help="The test clock the plan is attached to.")] = None,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Accept an offer for its customer: the plan starts at its price."""

    async def act(engine: "Engine") -> None:
        from billflow.cli.plan_commands import show_started
        from billflow.models.contracts.offers import Acceptance

        known = await _offer(engine, offer)
        clock_id = await found(engine, "clock", clock) if clock else None
        at = (await engine.repositories.test_clocks.get(known.org_id, clock_id)).now_at if clock_id else now()
        chosen = Acceptance(
            key=key_of(key),
            schedule=schedule,
            licenses=licenses,
            license_management=license_management,
            collection_method=collection_method,
            test_clock_id=clock_id,
        )
        change = _change().model_copy(update={"at": at})
        started = engine.offers.accept(known.org_id, known.customer_id, known.offer_id, chosen, change)
        show_started(await answered(started, chosen.key), as_json=as_json)

    run(act)


async def _offer(store: "Store", typed: str) -> "OfferRecord":
    org_id = await org_of(store)
    return await store.repositories.offers.get(org_id, await found(store, "offer", typed), now())


def _change() -> "ChangeContext":
    from billflow.models.contracts.customers import ChangeContext

    return ChangeContext(actor=actor(), at=now())


def _price(offer: "OfferRecord") -> str:
    from billflow.domain.money import format_amount

    prices = {
        "a year": offer.fixed_price,
        "a license and month": offer.monthly_discounted_price,
        "a license and year": offer.annual_discounted_price,
    }
    return ", ".join(f"{format_amount(price, offer.currency)} {unit}" for unit, price in prices.items() if price)


def _show(offer: "OfferRecord") -> None:
    shown = {
        "id": offer.offer_id,
        "status": offer.status,
        "price": _price(offer),
        "paid by": output.words(offer.collection_method),
        "until": output.time(offer.expires_at) if offer.expires_at else None,
        "sent invoice": offer.sent_invoice_id,
    }
    output.facts(offer.tier, shown)
