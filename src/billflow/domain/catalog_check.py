"""What a catalogue must be like to be sold from: each fault is one sentence with its place and the way out."""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations

from billflow.domain.catalog import Catalog, Role, Tier
from billflow.domain.currencies import CURRENCIES, format_amount
from billflow.domain.errors import InvalidInput, Refused
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
    for one, other in combinations(catalog.tiers.values(), 2):
        _check_roles(one, other)


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


def _fault(tier: Tier, field: str, sentence: str) -> InvalidInput:
    place = f"tier.{tier.code}.{field}" if field else f"tier.{tier.code}"
    return InvalidInput(f"{place} {sentence}.", code="invalid_catalog", field=place)


def _check_tier(tier: Tier) -> None:
    if not _CODE.fullmatch(tier.code):
        raise _fault(tier, "", "is no code; use a to z, 0 to 9 and _, at most 63 characters, and begin with a to z")
    if not tier.name.strip():
        raise _fault(tier, "name", "is empty; say what invoices call the tier")
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


def _check_row(tier: Tier, currency: str, row: Mapping[Schedule, int]) -> None:
    place = f"prices.{currency}"
    if currency not in CURRENCIES:
        raise _fault(tier, place, "is no ISO 4217 currency; use a code in capitals, such as USD")
    if not row:
        raise _fault(tier, place, f"has no price; name one, such as {Schedule.MONTHLY} = 800")
    least, step = CURRENCIES[currency].minimum, CURRENCIES[currency].step
    for schedule, price in row.items():
        field, shown = f"{place}.{schedule}", format_amount(price, currency)
        if not 0 <= price <= MAX_PRICE:
            raise _fault(tier, field, f"is {price}; a price lies between 0 and {MAX_PRICE:,} minor units")
        if price == 0 and tier.billable:
            raise _fault(tier, field, "is 0; name a price, or say `billable = false` of what is given away")
        if price % step:
            raise _fault(
                tier, field, f"is {shown}, but {currency} is charged in steps of {format_amount(step, currency)};"
                f" name a multiple of {step} minor units",
            )  # fmt: skip
        if 0 < price * tier.minimum_licenses < least:
            raise _fault(
                tier, field, f"is {shown}, so that the least purchase is under the least charge of"
                f" {format_amount(least, currency)}; raise it or minimum_licenses",
            )  # fmt: skip


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
