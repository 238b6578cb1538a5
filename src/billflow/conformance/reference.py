"""The reference system's catalogue and options, which the cases run with (rules 31, decision 0112)."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from billflow.conformance.given import Given, MalformedCase
from billflow.domain.catalog import Catalog, Hosting, Tier
from billflow.domain.plan import Schedule
from billflow.domain.settings import BillingSettings, InstalmentRounding

SETTINGS = BillingSettings(leap_february=False, instalment_rounding=InstalmentRounding.UP, gate_fixed_prices=True)
CURRENCY = "USD"


def _prices(annual: int, monthly: int) -> Mapping[str, Mapping[Schedule, int]]:
    return MappingProxyType({CURRENCY: MappingProxyType({Schedule.ANNUAL: annual, Schedule.MONTHLY: monthly})})


_CLOUD, _HOME = Hosting.CLOUD, Hosting.SELF_HOSTED
_TO_PAID = ("self_hosted_basic", "self_hosted_business")

_TIERS = (
    Tier(
        code="cloud_standard",
        name="Zulip Cloud Standard",
        hosting=_CLOUD,
        trial=True,
        renewal_gate=True,
        upgrades_to=("cloud_plus",),
        prices=_prices(8000, 800),
    ),
    Tier(
        code="cloud_plus",
        name="Zulip Cloud Plus",
        hosting=_CLOUD,
        minimum_licenses=10,
        trial=True,
        renewal_gate=True,
        prices=_prices(12000, 1200),
    ),
    Tier(code="cloud_enterprise", name="Zulip Enterprise", hosting=_CLOUD),
    Tier(
        code="self_hosted_complimentary",
        name="Zulip Basic (complimentary)",
        hosting=_HOME,
        billable=False,
        needs_end_date=True,
        upgrades_to=_TO_PAID,
        prices=_prices(0, 0),
    ),
    Tier(code="self_hosted_community", name="Community", hosting=_HOME, billable=False),
    Tier(
        code="self_hosted_basic",
        name="Zulip Basic",
        hosting=_HOME,
        trial=True,
        upgrades_to=("self_hosted_business",),
        prices=_prices(4200, 350),
    ),
    Tier(
        code="self_hosted_business",
        name="Zulip Business",
        hosting=_HOME,
        minimum_licenses=25,
        prices=_prices(8000, 800),
    ),
    Tier(code="self_hosted_enterprise", name="Zulip Enterprise", hosting=_HOME),
)

REFERENCE = Catalog(MappingProxyType({tier.code: tier for tier in _TIERS}))


def catalog_for(given: Given) -> Catalog:
    """Return the reference's tiers, with list prices and the plan's name as the case has them."""
    tiers = dict(REFERENCE.tiers)
    if listed := given.maybe_part("list_prices_cents"):
        tiers = {code: replace(tier, prices=_listed(listed, code)) for code, tier in tiers.items()}
    return Catalog(MappingProxyType(tiers))


def renamed(catalog: Catalog, code: str, name: str | None) -> Catalog:
    """Return the catalogue with another name for that tier."""
    if code not in catalog.tiers:
        raise MalformedCase(f"There is no tier {code!r}; the tiers are {', '.join(catalog.tiers)}.", field="tier")
    tier = catalog.tiers[code]
    return Catalog(MappingProxyType({**catalog.tiers, code: replace(tier, name=name or tier.name)}))


def _listed(listed: Given, code: str) -> Mapping[str, Mapping[Schedule, int]]:
    row = listed.maybe_part(code)
    return _prices(row.whole("annual"), row.whole("monthly")) if row else MappingProxyType({})
