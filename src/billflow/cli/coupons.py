"""`billflow coupon`: what an organization hands out, and what its customers have of it."""

from datetime import datetime
from typing import Annotated, Any
from urllib.parse import quote

import typer

from billflow.cli.json_objects import JsonObject, given, rows_of
from billflow.cli.lookup import CustomerHere, PagingHere
from billflow.cli.output import MARKS, Columns, FactList, Listing, Output, amount, listed, time, words
from billflow.cli.params import Reason, moment_option
from billflow.cli.previews import previewed
from billflow.cli.session import Api, CommandGroup
from billflow.domain.coupons import CouponDuration
from billflow.domain.errors import InvalidInput, NotFound

app = CommandGroup()

_CodeHere = Annotated[str, typer.Argument(metavar="CODE", help="A coupon's code, in any case.")]


def _off(coupon: JsonObject) -> str:
    if coupon.percent_off is not None:
        return f"{coupon.percent_off}%"
    return " or ".join(amount(value, currency) for currency, value in coupon.amount_off.items())


def _lasts(coupon: JsonObject) -> str:
    months = coupon.duration_in_months
    return words(coupon.duration) if months is None else f"{months} months"


def _left(redemption: JsonObject) -> str:
    return "for ever" if redemption.months_left is None else f"{redemption.months_left} months"


def _redeemed(coupon: JsonObject) -> str:
    most = coupon.max_redemptions
    return f"{coupon.times_redeemed} of {most}" if most else str(coupon.times_redeemed)


_COUPONS: Columns = {
    "code": lambda coupon: coupon.code,
    "off~": _off,
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
    "why~": lambda one: one.reason or "-",
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


@app.on_api(
    "coupon create SPRING25 --percent-off 25 --duration repeating --duration-in-months 3",
    "coupon create WELCOME --amount-off USD=5000 --amount-off EUR=4500 --first-purchase-only",
)
def create(  # noqa: PLR0913  (each is one term of the coupon)
    api: Api,
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
    new = given(
        code=code,
        name=name,
        percent_off=percent_off,
        amount_off=_amounts(amount_off or []),
        duration=duration,
        duration_in_months=duration_in_months,
        tiers=tier or [],
        expires_at=expires_at,
        max_redemptions=max_redemptions,
        first_purchase_only=first_purchase_only,
    )
    made = api.write("POST", "/coupons", new)
    return Output(made, _described(made))


@app.on_api("coupon list --json", name="list")
def list_(api: Api, *, paging: PagingHere) -> Listing:
    """List coupons, the newest first."""
    return listed("Coupons", api.get("/coupons", **paging), _COUPONS)


@app.on_api("coupon show SPRING25")
def show(api: Api, code: _CodeHere) -> Output:
    """Show a coupon, and how often it was redeemed."""
    found = api.get(f"/coupons/{quote(code, safe='')}")
    return Output(found, _described(found))


@app.on_api("coupon archive SPRING25")
def archive(api: Api, code: _CodeHere) -> Output:
    """Let nobody redeem a coupon any more; who has it keeps it."""
    archived = api.write("POST", f"/coupons/{quote(code, safe='')}/archive")
    return Output(archived, _described(archived))


@app.on_api("coupon of 5f1c")
def of(api: Api, customer: CustomerHere) -> Listing:
    """List the coupons that a customer has or had, the newest first."""
    return listed("Redemptions", api.all(_redemptions(customer)), _REDEMPTIONS)


@app.on_api('coupon attach 5f1c SORRY10 --reason "outage of May"')
def attach(api: Api, customer: CustomerHere, code: _CodeHere, *, reason: Reason = None) -> Output:
    """Give a customer a coupon, which discounts its cycles from the next one on."""
    return _redemption(api.write("POST", _redemptions(customer), given(coupon=code, reason=reason)))


@app.on_api("coupon preview 5f1c SORRY10")
def preview(api: Api, customer: CustomerHere, code: _CodeHere) -> Output:
    """Show what attaching a coupon would do to the plan's price and next invoice; nothing is written."""
    return previewed(api.ask(f"{_redemptions(customer)}/preview", {"coupon": code}))


@app.on_api("coupon detach 5f1c")
def detach(api: Api, customer: CustomerHere) -> Output:
    """Let a customer's coupon discount no further cycle; the running one keeps its discount."""
    path = _redemptions(customer)
    held = next((one for one in rows_of(api.all(path)) if not one.ended_at), None)
    if held is None:
        raise NotFound("The customer has no coupon now; there is nothing to detach.")
    return _redemption(api.write("DELETE", f"{path}/{held.id}"))


def _redemptions(customer: str) -> str:
    return f"/customers/{customer}/redemptions"


def _redemption(one: JsonObject) -> Output:
    shown = {name.rstrip(MARKS): str(value(one)) for name, value in _REDEMPTIONS.items() if value(one) != "-"}
    return Output(one, FactList(f"Coupon {one.code}", shown))


def _described(coupon: JsonObject) -> FactList:
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
