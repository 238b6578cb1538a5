"""What is sold: tiers, their prices in each currency, minimum licenses and upgrade paths, all of it data."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from billflow.domain.currencies import checked_currency, in_steps
from billflow.domain.errors import InvalidInput, Refused
from billflow.domain.money import MAX_PRICE
from billflow.domain.plan import Schedule


class Hosting(StrEnum):
    """Who runs the software: us, or the customer."""

    CLOUD = "cloud"
    SELF_HOSTED = "self_hosted"


class Role(StrEnum):
    """What billflow itself needs a tier for, at most one for each way of hosting."""

    DEFAULT = "default"
    """What is usually bought: by the customers of the demo, and by cases that name no tier."""

    COMPLIMENTARY = "complimentary"
    """What is given for a time, before a paid plan."""

    SPONSORED = "sponsored"
    """Whose features a sponsored customer has; where it is never billed, the customer gets a plan of it."""


class TrialWithoutCard(StrEnum):
    """What becomes of a trial by card that ends while no card is on file (rules 10.1)."""

    INVOICE = "invoice"
    CANCEL = "cancel"
    PAUSE = "pause"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tier:
    """One thing that is sold; `prices` maps currency and schedule to minor units per license and cycle.

    `flat_discount_minimum_cap` is the most licenses that the flat discount makes the minimum, 0 where it never does.
    `renewal_gate` asks at each renewal that the licenses still meet the minimum (rules 9). A tier that isn't
    `billable` never makes an invoice, and one that `needs_end_date` is given for a time only. A billable tier without
    prices can only be had by a fixed-price offer.
    """

    code: str
    name: str
    hosting: Hosting
    minimum_licenses: int = 1
    flat_discount_minimum_cap: int = 0
    billable: bool = True
    needs_end_date: bool = False
    trial: bool = False
    trial_without_card: TrialWithoutCard = TrialWithoutCard.INVOICE
    renewal_gate: bool = False
    upgrades_to: tuple[str, ...] = ()
    prices: Mapping[str, Mapping[Schedule, int]] = field(default_factory=lambda: MappingProxyType({}))
    features: tuple[str, ...] = ()
    roles: tuple[Role, ...] = ()

    def check_hosting(self, hosting: Hosting, field: str = "tier") -> None:
        """Refuse the tier for a customer of another *hosting*; raises `Refused`."""
        if self.hosting is not hosting:
            raise Refused(
                f"{self.name} is for {self.hosting} deployments, the customer's is {hosting}; name a tier for that.",
                code="tier_not_for_deployment",
                field=field,
            )

    def check_billable(self, field: str, way_out: str) -> None:
        """Refuse a tier that is never billed; raises `InvalidInput`, which names the *way_out*."""
        if not self.billable:
            raise InvalidInput(f"{self.name} is never billed; {way_out}.", code="not_a_paid_plan", field=field)

    def price(self, schedule: Schedule, currency: str) -> int:
        """Return the list price, or raise `InvalidInput` where the tier has none (rules 2).

        Community access has no row in the price table and costs nothing (rules 13).
        """
        if not self.billable and not self.prices:
            return 0
        if not self.prices:
            raise InvalidInput(
                f"{self.name} has no list price; ask for a fixed-price offer.", code="unknown_tier", field="tier"
            )
        try:
            return self.prices[currency][schedule]
        except KeyError:
            known = ", ".join(sorted(self.prices))
            raise InvalidInput(
                f"{self.name} is not sold in {currency}; it is in {known}.", code="unknown_currency", field="currency"
            ) from None


@dataclass(frozen=True, slots=True)
class Catalog:
    """Every tier by its code."""

    tiers: Mapping[str, Tier]

    def tier(self, code: str) -> Tier:
        """Return the tier of that code, or raise `InvalidInput` (`unknown_tier`)."""
        try:
            return self.tiers[code]
        except KeyError:
            known = ", ".join(self.tiers)
            raise InvalidInput(
                f"There is no tier {code!r}; the tiers are {known}.", code="unknown_tier", field="tier"
            ) from None

    def in_role(self, role: Role, hosting: Hosting) -> Tier:
        """Return the tier that has *role* for that hosting, or raise `InvalidInput` (`unknown_tier`)."""
        found = next((tier for tier in self.tiers.values() if role in tier.roles and tier.hosting is hosting), None)
        if found is None:
            raise InvalidInput(f"The catalogue names no {role} tier for {hosting} deployments.", code="unknown_tier")
        return found

    def checked_upgrade(self, current: str, wanted: str) -> Tier:
        """Return the *wanted* tier, or refuse a move that is no upgrade path (rules 2)."""
        tier = self.tier(wanted)
        if wanted not in self.tier(current).upgrades_to:
            paths = ", ".join(self.tier(current).upgrades_to) or "nothing"
            raise Refused(f"{current} upgrades to {paths}, not to {wanted}.", code="invalid_tier_change", field="tier")
        return tier


def checked_schedule(text: str) -> Schedule:
    """Return the schedule of that name, or raise `InvalidInput` (`unknown_schedule`)."""
    try:
        return Schedule(text)
    except ValueError:
        raise InvalidInput(
            f"There is no schedule {text!r}; use annual or monthly.", code="unknown_schedule", field="schedule"
        ) from None


def catalog_from_toml(text: str) -> Catalog:
    """Read a catalogue: one `[tier.CODE]` table each, prices per currency as `{annual = n, monthly = n}`.

    Raises `InvalidInput` for an upgrade to no tier, a price out of range, and a role that two tiers have.
    """
    tables = tomllib.loads(text)["tier"]
    catalog = Catalog(MappingProxyType({code: _tier(code, table) for code, table in tables.items()}))
    for tier in catalog.tiers.values():
        for target in tier.upgrades_to:
            catalog.tier(target)
        for role in tier.roles:
            if catalog.in_role(role, tier.hosting) is not tier:
                raise InvalidInput(f"Two tiers for {tier.hosting} deployments are {role}; let one be.", field="roles")
    return catalog


def _tier(code: str, table: Mapping[str, Any]) -> Tier:
    read = {
        "hosting": Hosting(table["hosting"]),
        "trial_without_card": TrialWithoutCard(table.get("trial_without_card", TrialWithoutCard.INVOICE)),
        "upgrades_to": tuple(table.get("upgrades_to", ())),
        "prices": MappingProxyType(
            {checked_currency(c): _prices(c, row) for c, row in table.get("prices", {}).items()}
        ),
        "features": tuple(table.get("features", ())),
        "roles": tuple(map(Role, table.get("roles", ()))),
    }
    return Tier(code=code, **{**table, **read})


def _prices(currency: str, row: Mapping[str, int]) -> Mapping[Schedule, int]:
    for schedule, price in row.items():
        if not 0 <= price <= MAX_PRICE:
            raise InvalidInput(f"A price must lie between 0 and {MAX_PRICE}, not at {price}.", field=schedule)
        in_steps(price, currency.upper(), schedule)
    return MappingProxyType({Schedule(schedule): price for schedule, price in row.items()})
