"""The reference system's catalogue and options, which the cases run with (rules 31, decision 0112)."""

from collections.abc import Mapping
from dataclasses import replace
from importlib.resources import files

from billflow.conformance.given import Given, MalformedCase
from billflow.domain.catalog import Catalog
from billflow.domain.plan import Schedule
from billflow.domain.settings import BillingSettings, InstalmentRounding
from billflow.models.contracts.catalog import catalog_from_toml

SETTINGS = BillingSettings(leap_february=False, instalment_rounding=InstalmentRounding.UP, gate_fixed_prices=True)
CURRENCY = "USD"
_LISTED = (Schedule.ANNUAL, Schedule.MONTHLY)


REFERENCE = catalog_from_toml(files("billflow.conformance").joinpath("reference.toml").read_text(encoding="utf-8"))


def catalog_for(given: Given) -> Catalog:
    """Return the reference's tiers, with list prices as the case has them."""
    listed = given.maybe_part("list_prices_cents")
    if listed is None:
        return REFERENCE
    return Catalog({code: replace(tier, prices=_listed(listed, code)) for code, tier in REFERENCE.tiers.items()})


def renamed(catalog: Catalog, code: str, name: str | None) -> Catalog:
    """Return the catalogue with another name for that tier."""
    if code not in catalog.tiers:
        raise MalformedCase(f"There is no tier {code!r}; the tiers are {', '.join(catalog.tiers)}.", field="tier")
    tier = catalog.tiers[code]
    return Catalog({**catalog.tiers, code: replace(tier, name=name or tier.name)})


def _listed(listed: Given, code: str) -> Mapping[str, Mapping[Schedule, int]]:
    row = listed.maybe_part(code)
    return {CURRENCY: {schedule: row.whole(schedule) for schedule in _LISTED}} if row else {}
