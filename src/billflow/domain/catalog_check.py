"""What a catalogue must be like to be sold from: each fault is one sentence with its place and the way out."""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations

from billflow.domain.catalog import AddOn, Catalog, Role, Tier
from billflow.domain.currencies import CURRENCIES, format_amount
from billflow.domain.errors import InvalidInput, Refused
from billflow.domain.items import MAX_QUANTITY
from billflow.domain.money import MAX_PRICE
from billflow.domain.plan import Schedule
from billflow.domain.seats import MAX_LICENSES

MAX_TRIAL_DAYS = 730
_CODE = re.compile(r"[a-z][a-z0-9_]{0,62}")


@dataclass(frozen=True, slots=True)
class TierUse:
    """How many plans run on a tier, or are to, in one currency; `schedules` are those that some are to switch to."""

    tier: str
    currency: str
    schedules: frozenset[Schedule]
    plans: int


def check_catalog(catalog: Catalog) -> None:
    """Raise `InvalidInput` for the first thing in *catalog* that can't be sold as it stands."""
    for tier in catalog.tiers.values():
        _check_tier(tier)
        for target in tier.upgrades_to:
            _check_path(catalog, tier, target)
    for add_on in catalog.add_ons.values():
        _check_add_on(catalog, add_on)
    for one, other in combinations(catalog.tiers.values(), 2):
        _check_roles(one, other)


@dataclass(frozen=True, slots=True)
class AddOnUse:
    """How many plans hold an add-on, or renew with it, in one currency; `schedules` as in `TierUse`."""

    add_on: str
    currency: str
    schedules: frozenset[Schedule]
    plans: int


def check_add_ons_kept(new: Catalog, uses: Collection[AddOnUse]) -> None:
    """Raise `Refused` where *new* takes an add-on away that plans hold, or the price that they are to switch to."""
    for use in uses:
        place, plans = f"add_on.{use.add_on}", "1 plan holds" if use.plans == 1 else f"{use.plans:,} plans hold"
        if use.add_on not in new.add_ons:
            message = f"{place} is not in the catalogue, but {plans} it; keep it with `retired = true`."
            raise Refused(message, code="add_on_in_use", field=place)
        for schedule in sorted(use.schedules - new.add_ons[use.add_on].prices.get(use.currency, {}).keys()):
            place = f"{place}.prices.{use.currency}.{schedule}"
            message = f"{place} is missing, but {plans} it; name it as long as some of these are to switch to it."
            raise Refused(message, code="add_on_in_use", field=place)


def check_kept(old: Catalog, new: Catalog, uses: Collection[TierUse]) -> None:
    """Raise `Refused` where *new* takes something away that plans need, as *uses* of the old catalogue say."""
    for use in uses:
        if use.tier not in new.tiers:
            raise _fault_in_use(
                use, "tier", "is not in the catalogue", "keep it with `retired = true`, so that nobody buys it"
            )
        before, after = old.tiers.get(use.tier), new.tiers[use.tier]
        for field in ("hosting", "billable", "needs_end_date"):
            if before and getattr(before, field) != getattr(after, field):
                raise _fault_in_use(use, field, "would change", "leave it, and sell another tier")
        listed = after.prices.get(use.currency, {})
        for schedule in sorted(use.schedules - listed.keys()):
            place = f"prices.{use.currency}.{schedule}"
            raise _fault_in_use(use, place, "is missing", "name it as long as some of these are to switch to it")


def _fault_in_use(use: TierUse, field: str, what: str, way_out: str) -> Refused:
    place = f"tier.{use.tier}" if field == "tier" else f"tier.{use.tier}.{field}"
    plans = "1 plan has" if use.plans == 1 else f"{use.plans:,} plans have"
    return Refused(f"{place} {what}, but {plans} the tier; {way_out}.", code="tier_in_use", field=place)


def _fault(sold: Tier | AddOn, field: str, sentence: str) -> InvalidInput:
    table = "tier" if isinstance(sold, Tier) else "add_on"
    place = f"{table}.{sold.code}.{field}" if field else f"{table}.{sold.code}"
    return InvalidInput(f"{place} {sentence}.", code="invalid_catalog", field=place)


def _check_named(sold: Tier | AddOn) -> None:
    if not _CODE.fullmatch(sold.code):
        raise _fault(sold, "", "is no code; use a to z, 0 to 9 and _, at most 63 characters, and begin with a to z")
    if not sold.name.strip():
        raise _fault(sold, "name", "is empty; say what invoices call it")


def _check_add_on(catalog: Catalog, add_on: AddOn) -> None:
    _check_named(add_on)
    for code in add_on.tiers:
        if code not in catalog.tiers:
            known = ", ".join(catalog.tiers)
            raise _fault(add_on, "tiers", f"names {code!r}, but there is no such tier; the tiers are {known}")
        if not catalog.tiers[code].billable:
            raise _fault(add_on, "tiers", f"names {code!r}, which is never billed; leave that out")
    most = add_on.maximum_quantity
    if most is not None and not 1 <= most <= MAX_QUANTITY:
        raise _fault(add_on, "maximum_quantity", f"is {most:,}; it must lie between 1 and {MAX_QUANTITY:,}")
    if not add_on.prices:
        raise _fault(add_on, "prices", "is empty; name a price, such as EUR = { monthly = 500 }")
    for currency, row in add_on.prices.items():
        _check_row(add_on, currency, row)


def _check_tier(tier: Tier) -> None:
    _check_named(tier)
    for field, least, most in _bounds(tier):
        if not least <= (value := getattr(tier, field) or 0) <= most:
            raise _fault(tier, field, f"is {value:,}; it must lie between {least:,} and {most:,}")
    if tier.maximum_licenses is not None and tier.maximum_licenses < tier.minimum_licenses:
        raise _fault(
            tier,
            "maximum_licenses",
            f"is {tier.maximum_licenses:,}, less than minimum_licenses; raise it or leave it out",
        )
    for role in tier.roles:
        _check_given_away(tier, role)
    _check_prices(tier)


def _check_given_away(tier: Tier, role: Role) -> None:
    if role in (Role.COMPLIMENTARY, Role.COMMUNITY) and tier.billable:
        raise _fault(tier, "billable", f"is true, but the tier has the role {role}, which is never billed; say false")
    if role is Role.COMPLIMENTARY and not tier.needs_end_date:
        raise _fault(tier, "needs_end_date", f"is false, but the role {role} is for a time; say true")


def _bounds(tier: Tier) -> Iterator[tuple[str, int, int]]:
    yield "minimum_licenses", 1, MAX_LICENSES
    if tier.maximum_licenses is not None:
        yield "maximum_licenses", 1, MAX_LICENSES
    yield "flat_discount_minimum_cap", 0, MAX_LICENSES
    yield "trial_days", 0, MAX_TRIAL_DAYS


def _check_prices(tier: Tier) -> None:
    if tier.billable and not tier.prices and not tier.retired and tier.trial_days:
        raise _fault(tier, "prices", "is missing, but the tier has trial_days; name prices, or leave trial_days out")
    for currency, row in tier.prices.items():
        _check_row(tier, currency, row)


def _check_row(sold: Tier | AddOn, currency: str, row: Mapping[Schedule, int]) -> None:
    place = f"prices.{currency}"
    if currency not in CURRENCIES:
        raise _fault(sold, place, "is no ISO 4217 currency; use a code in capitals, such as USD")
    if not row:
        raise _fault(sold, place, f"has no price; name one, such as {Schedule.MONTHLY} = 800")
    step = CURRENCIES[currency].step
    for schedule, price in row.items():
        field, shown = f"{place}.{schedule}", format_amount(price, currency)
        if not 0 <= price <= MAX_PRICE:
            raise _fault(sold, field, f"is {price}; a price lies between 0 and {MAX_PRICE:,} minor units")
        if price == 0 and (isinstance(sold, AddOn) or sold.billable):
            way_out = "let features say what is" if isinstance(sold, AddOn) else "say `billable = false` of what is"
            raise _fault(sold, field, f"is 0; name a price, or {way_out} given away")
        if price % step:
            raise _fault(
                sold, field, f"is {shown}, but {currency} is charged in steps of {format_amount(step, currency)};"
                f" name a multiple of {step} minor units",
            )  # fmt: skip
        _check_least(sold, field, price, currency)


def _check_least(sold: Tier | AddOn, field: str, price: int, currency: str) -> None:
    least = CURRENCIES[currency].minimum
    if isinstance(sold, Tier) and 0 < price * sold.minimum_licenses < least:
        raise _fault(
            sold,
            field,
            f"is {format_amount(price, currency)}, so that the least purchase is under the least charge of"
            f" {format_amount(least, currency)}; raise it or minimum_licenses",
        )


def _check_path(catalog: Catalog, tier: Tier, target: str) -> None:
    if target not in catalog.tiers:
        known = ", ".join(catalog.tiers)
        raise _fault(tier, "upgrades_to", f"names {target!r}, but there is no such tier; the tiers are {known}")
    if target == tier.code:
        raise _fault(tier, "upgrades_to", "names the tier itself; name a higher one")
    if tier.hosting and not catalog.tiers[target].suits(tier.hosting):
        raise _fault(tier, "upgrades_to", f"names {target!r}, which is for other deployments; name one for the same")


def _check_roles(one: Tier, other: Tier) -> None:
    meet = one.hosting is None or other.suits(one.hosting)
    for role in one.roles:
        if meet and role in other.roles:
            kind = one.hosting or other.hosting or "all"
            raise _fault(
                other, "roles", f"has {role}, and so has {one.code}; for {kind} deployments let one tier have it"
            )
