"""`billflow coupon`: what an organization hands out, and what its customers have of it."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from billflow.cli.lookup import CustomerHere, PagingHere, change_here, org_of
from billflow.cli.output import Columns, FactList, Output, amount, paged, time, whole, words
from billflow.cli.params import Reason, moment_option
from billflow.cli.previews import discounts_shown, previewed
from billflow.cli.session import CommandGroup, Engine, Store
from billflow.domain.coupons import CouponDuration, percent_text
from billflow.domain.errors import InvalidInput

if TYPE_CHECKING:
    from billflow.models.contracts.coupons import CouponRecord, RedemptionRecord

app = CommandGroup()

_CodeHere = Annotated[str, typer.Argument(metavar="CODE", help="A coupon's code, in any case.")]


def _off(coupon: "CouponRecord | RedemptionRecord") -> str:
    if coupon.percent_off is not None:
        return f"{percent_text(coupon.percent_off)}%"
    return " or ".join(amount(value, currency) for currency, value in coupon.amount_off.items())


def _lasts(coupon: "CouponRecord") -> str:
    months = coupon.duration_in_months
    return words(coupon.duration) if months is None else f"{months} months"


def _left(redemption: "RedemptionRecord") -> str:
    return "for ever" if redemption.months_left is None else f"{redemption.months_left} months"


def _redeemed(coupon: "CouponRecord") -> str:
    most = coupon.max_redemptions
    return f"{coupon.times_redeemed} of {most}" if most else str(coupon.times_redeemed)


_COUPONS: Columns = {
    "code": lambda coupon: coupon.code,
    "off": _off,
    "for": _lasts,
    "redeemed>": _redeemed,
    "until": lambda coupon: time(coupon.expires_at),
    "archived": lambda coupon: time(coupon.archived_at),
}
_REDEMPTIONS: Columns = {
    "code": lambda one: one.code,
    "off": _off,
    "left": _left,
    "since": lambda one: time(one.at),
    "by": lambda one: one.actor,
    "why": lambda one: one.reason or "-",
    "ended": lambda one: words(one.end_reason) if one.end_reason else "-",
}


def _amounts(typed: list[str]) -> dict[str, Any]:
    """Read amounts with their currency: USD=500."""
    pairs = [text.partition("=") for text in typed]
    for currency, _, digits in pairs:
        if not digits.strip().isdecimal():
            given = currency if currency.isdecimal() else 500
            raise InvalidInput(
                f"amount_off needs a currency and an amount; write USD={given}, in minor units.",
                code="amount_without_currency",
                field="amount_off",
            )
    return {currency.strip().upper(): int(digits) for currency, _, digits in pairs}


@app.on_database(
    "coupon create SPRING25 --percent-off 25 --duration repeating --duration-in-months 3",
    "coupon create WELCOME --amount-off USD=5000 --amount-off EUR=4500 --first-purchase-only",
)
async def create(  # noqa: PLR0913  (each is one term of the coupon)
    store: Store,
    code: Annotated[str, typer.Argument(metavar="CODE", help="2 to 40 characters: A to Z, digits, - and _.")],
    *,
    percent_off: Annotated[str | None, typer.Option(help="Above 0 and at most 100, with two decimals.")] = None,
    amount_off: Annotated[
        list[str] | None, typer.Option(metavar="CURRENCY=AMOUNT", help="In minor units; once for each currency.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="What invoices call it.")] = None,
    duration: Annotated[
        CouponDuration, typer.Option(help="Whether it discounts one cycle, some months or all.")
    ] = CouponDuration.ONCE,
    duration_in_months: Annotated[int | None, typer.Option(help="For how many months, if repeating.")] = None,
    tier: Annotated[list[str] | None, typer.Option(help="A tier it is for; all, where none is named.")] = None,
    expires_at: Annotated[datetime | None, moment_option("Until when it can be redeemed.")] = None,
    max_redemptions: Annotated[int | None, typer.Option(help="How many customers may redeem it.")] = None,
    first_purchase_only: Annotated[
        bool, typer.Option("--first-purchase-only", help="Only for customers that never had a plan.")
    ] = False,
) -> Output:
    """Make a coupon that purchases may name and support may attach."""
    from billflow.models.contracts.coupons import CouponCreate, percent_from

    new = CouponCreate(
        code=code,
        name=name,
        percent_off=percent_from(percent_off) if percent_off is not None else None,
        amount_off=_amounts(amount_off or []),
        duration=duration,
        duration_in_months=duration_in_months,
        tiers=tuple(tier or ()),
        expires_at=expires_at,
        max_redemptions=max_redemptions,
        first_purchase_only=first_purchase_only,
    )
    made = await store.repositories.coupons.create(await org_of(store), new, change_here())
    return Output(made, _described(made))


@app.on_database("coupon list --json", name="list")
async def list_(store: Store, *, paging: PagingHere) -> Output:
    """List coupons, the newest first."""
    return paged("Coupons", await store.repositories.coupons.search(await org_of(store), paging), _COUPONS)


@app.on_database("coupon show SPRING25")
async def show(store: Store, code: _CodeHere) -> Output:
    """Show a coupon, and how often it was redeemed."""
    found = await store.repositories.coupons.get(await org_of(store), code)
    return Output(found, _described(found))


@app.on_database("coupon archive SPRING25")
async def archive(store: Store, code: _CodeHere) -> Output:
    """Let nobody redeem a coupon any more; who has it keeps it."""
    archived = await store.repositories.coupons.archive(await org_of(store), code, change_here())
    return Output(archived, _described(archived))


@app.on_database("coupon of 5f1c")
async def of(store: Store, customer: CustomerHere) -> Output:
    """List the coupons that a customer has or had, the newest first."""
    return whole("Redemptions", await store.repositories.coupons.of_customer(customer), _REDEMPTIONS)


@app.on_database('coupon attach 5f1c SORRY10 --reason "outage of May"')
async def attach(store: Store, customer: CustomerHere, code: _CodeHere, *, reason: Reason = None) -> Output:
    """Give a customer a coupon, which discounts its cycles from the next one on."""
    from billflow.models.contracts.coupons import CouponAttach

    asked = CouponAttach(coupon=code, reason=reason)
    return _redemption(await store.repositories.coupons.attach(customer, asked, change_here(reason)))


@app.on_engine("coupon preview 5f1c SORRY10")
async def preview(engine: Engine, customer: CustomerHere, code: _CodeHere) -> Output:
    """Show what attaching a coupon would do to the plan's price and next invoice; nothing is written."""
    from billflow.models.contracts.previews import PreviewResponse

    found = await engine.pricing.preview_coupon(customer, code, change_here())
    if found.plan:
        return previewed(found.plan)
    return Output(PreviewResponse.of_terms(None, found.discounts), *discounts_shown(found.discounts))


@app.on_database("coupon detach 5f1c")
async def detach(store: Store, customer: CustomerHere) -> Output:
    """Let a customer's coupon discount no further cycle; the running one keeps its discount."""
    return _redemption(await store.repositories.coupons.detach(customer, change_here()))


def _redemption(one: "RedemptionRecord") -> Output:
    shown = {name.rstrip(">"): str(value(one)) for name, value in _REDEMPTIONS.items() if value(one) != "-"}
    return Output(one, FactList(f"Coupon {one.code}", shown))


def _described(coupon: "CouponRecord") -> FactList:
    shown = {
        "name": coupon.name,
        "off": _off(coupon),
        "for": _lasts(coupon),
        "tiers": ", ".join(coupon.tiers) or "all",
        "redeemed": _redeemed(coupon),
        "until": time(coupon.expires_at) if coupon.expires_at else None,
        "first purchase only": "yes" if coupon.first_purchase_only else None,
        "archived": time(coupon.archived_at) if coupon.archived_at else None,
    }
    return FactList(coupon.code, shown)
