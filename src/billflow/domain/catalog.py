"""What is sold: tiers, their prices in each currency, minimum licenses and upgrade paths, all of it data."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from billflow.domain.errors import InvalidInput, Refused
from billflow.domain.plan import Schedule
from billflow.domain.seat_rules import SeatCount, SeatRule


class Hosting(StrEnum):
    """Who runs the software: us, or the customer."""

    CLOUD = "cloud"
    SELF_HOSTED = "self_hosted"


class Role(StrEnum):
    """What billflow itself needs a tier for, at most one for each way of hosting."""

    DEFAULT_TRIAL = "default_trial"
    """What a customer tries and buys where nothing else is named: in an onboarding, and in the demo."""

    COMPLIMENTARY = "complimentary"
    """What is given for a time, before a paid plan: never billed, and started with an end date only."""

    COMMUNITY = "community"
    """What is never billed, and given to a sponsored customer as a plan."""

    SPONSORED = "sponsored"
    """Whose features a sponsored customer has without a plan."""


class TrialWithoutCard(StrEnum):
    """What becomes of a trial by card that ends while no card is on file (rules 10.1)."""

    INVOICE = "invoice"
    CANCEL = "cancel"
    PAUSE = "pause"


_USERS = SeatRule(count=SeatCount.USERS)
_SEATS = {Hosting.CLOUD: SeatRule(count=SeatCount.MEMBERS_AND_FREE_GUESTS)}


def usual_seats(hosting: Hosting | None) -> SeatRule:
    """Return what counts as a seat where no tier says so: in the cloud five guests are free with each member."""
    return _SEATS.get(hosting, _USERS) if hosting else _USERS


@dataclass(frozen=True, slots=True, kw_only=True)
class Tier:
    """One thing that is sold; `prices` maps currency and schedule to minor units per license and cycle.

    Its `code` is the name of its table in a catalogue. Without `hosting` it is for any deployment, without `seats` they
    are counted as is usual for its hosting. A trial lasts `trial_days` where nobody says how long; 0 offers none.
    `flat_discount_minimum_cap` is the most licenses that the flat discount makes the minimum, 0 where it never does.
    `renewal_gate` asks at each renewal that the licenses still meet the minimum (rules 9). A tier that isn't `billable`
    never makes an invoice, and one that `needs_end_date` is given for a time only. A billable tier without prices can
    only be had by a fixed-price offer, and one that is `retired` not at all: plans that have it go on.
    """

    __pydantic_config__ = {"extra": "forbid"}  # noqa: RUF012  (a constant that pydantic looks for)

    code: str = ""
    name: str
    description: str = ""
    hosting: Hosting | None = None
    seats: SeatRule | None = None
    minimum_licenses: int = 1
    maximum_licenses: int | None = None
    flat_discount_minimum_cap: int = 0
    billable: bool = True
    needs_end_date: bool = False
    trial_days: int = 0
    trial_without_card: TrialWithoutCard = TrialWithoutCard.INVOICE
    renewal_gate: bool = False
    retired: bool = False
    upgrades_to: tuple[str, ...] = ()
    prices: Mapping[str, Mapping[Schedule, int]] = field(default_factory=dict)
    features: tuple[str, ...] = ()
    roles: tuple[Role, ...] = ()

    @property
    def seat_rule(self) -> SeatRule:
        """Return what counts as a seat."""
        return self.seats or usual_seats(self.hosting)

    def suits(self, hosting: Hosting) -> bool:
        """Tell whether a deployment of that *hosting* can have the tier."""
        return self.hosting in (None, hosting)

    def check_sold_for(self, hosting: Hosting, field: str = "tier") -> None:
        """Refuse the tier where it is not for sale, or not for a customer of that *hosting*; raises `Refused`."""
        if self.retired:
            raise Refused(f"{self.name} is not sold any more; name another tier.", code="tier_retired", field=field)
        if not self.suits(hosting):
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
        return _listed(self.name, self.prices, schedule, currency)


@dataclass(frozen=True, slots=True, kw_only=True)
class AddOn:
    """Something that a plan holds units of beside its licenses; `prices` are minor units per unit and cycle.

    Its `code` is the name of its table in a catalogue. It is sold with the `tiers` that it names, or with all that are
    billed where it names none, and no more of it than `maximum_quantity` to one plan. Nobody adds one that is
    `retired`, and plans that have it keep it.
    """

    __pydantic_config__ = {"extra": "forbid"}  # noqa: RUF012  (a constant that pydantic looks for)

    code: str = ""
    name: str
    description: str = ""
    tiers: tuple[str, ...] = ()
    maximum_quantity: int | None = None
    retired: bool = False
    prices: Mapping[str, Mapping[Schedule, int]]

    def price(self, schedule: Schedule, currency: str) -> int:
        """Return the listed price, or raise `InvalidInput` where there is none."""
        return _listed(self.name, self.prices, schedule, currency)

    def check_sold_with(self, tier: Tier) -> None:
        """Refuse the add-on beside a tier that it is not for, or where it is not sold any more; raises `Refused`."""
        if self.retired:
            raise Refused(
                f"{self.name} is not sold any more; name another add-on.", code="add_on_retired", field=_FIELD
            )
        if not tier.billable or (self.tiers and tier.code not in self.tiers):
            raise Refused(
                f"{self.name} is not sold with {tier.name}; leave it out, or move to another tier.",
                code="add_on_not_for_tier",
                field=_FIELD,
            )


_FIELD = "add_on"


def _listed(name: str, prices: Mapping[str, Mapping[Schedule, int]], schedule: Schedule, currency: str) -> int:
    if currency not in prices:
        known = ", ".join(sorted(prices))
        raise InvalidInput(
            f"{name} is not sold in {currency}; it is in {known}.", code="unknown_currency", field="currency"
        )
    if schedule not in prices[currency]:
        known = ", ".join(prices[currency])
        raise InvalidInput(
            f"{name} has no {schedule} price in {currency}; it is sold {known}.",
            code="unknown_schedule",
            field="schedule",
        )
    return prices[currency][schedule]


@dataclass(frozen=True, slots=True)
class Catalog:
    """Every tier and add-on by its code; `version` counts what an organization applied, 0 where that is nothing yet."""

    tiers: Mapping[str, Tier]
    version: int = 0
    add_ons: Mapping[str, AddOn] = field(default_factory=dict)

    def tier(self, code: str, field: str = "tier") -> Tier:
        """Return the tier of that code, or raise `InvalidInput` (`unknown_tier`) for the *field* that names it."""
        if code in self.tiers:
            return self.tiers[code]
        known = ", ".join(self.tiers)
        way_out = f"the tiers are {known}" if known else "nothing is sold yet, so apply a catalogue first"
        raise InvalidInput(f"There is no tier {code!r}; {way_out}.", code="unknown_tier", field=field)

    def add_on(self, code: str) -> AddOn:
        """Return the add-on of that code, or raise `InvalidInput` (`unknown_add_on`)."""
        if code in self.add_ons:
            return self.add_ons[code]
        known = ", ".join(self.add_ons)
        way_out = f"the add-ons are {known}" if known else "none is sold, so add it to the catalogue first"
        raise InvalidInput(f"There is no add-on {code!r}; {way_out}.", code="unknown_add_on", field=_FIELD)

    def add_on_name(self, code: str) -> str:
        """Return what invoices call an add-on; its code, should the catalogue not have it any more."""
        return self.add_ons[code].name if code in self.add_ons else code

    def holding(self, role: Role, hosting: Hosting | None) -> Tier | None:
        """Return the tier that has *role* for that hosting, None where none has it."""
        suiting = (tier for tier in self.tiers.values() if role in tier.roles)
        return next((tier for tier in suiting if hosting is None or tier.suits(hosting)), None)

    def in_role(self, role: Role, hosting: Hosting) -> Tier:
        """Return the tier that has *role* for that hosting, or raise `InvalidInput` (`unknown_tier`)."""
        found = self.holding(role, hosting)
        if found is None:
            raise InvalidInput(
                f"No tier for {hosting} deployments has the role {role}; give it to one in the catalogue.",
                code="unknown_tier",
            )
        return found

    def checked_upgrade(self, current: str, wanted: str, hosting: Hosting) -> Tier:
        """Return the *wanted* tier, or refuse a move that is no upgrade path (rules 2), or to what isn't sold."""
        tier = self.tier(wanted)
        if wanted not in self.tier(current).upgrades_to:
            paths = ", ".join(self.tier(current).upgrades_to) or "nothing"
            raise Refused(f"{current} upgrades to {paths}, not to {wanted}.", code="invalid_tier_change", field="tier")
        tier.check_sold_for(hosting)
        return tier


def checked_schedule(text: str) -> Schedule:
    """Return the schedule of that name, or raise `InvalidInput` (`unknown_schedule`)."""
    try:
        return Schedule(text)
    except ValueError:
        raise InvalidInput(
            f"There is no schedule {text!r}; use {' or '.join(Schedule)}.", code="unknown_schedule", field="schedule"
        ) from None
