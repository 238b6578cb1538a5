"""Asking for a plan, and what has to hold for the request to be taken (rules 7.1, 10 and 13)."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import ClassVar

from billflow.domain.calendar import check_zone
from billflow.domain.catalog import Catalog, Tier
from billflow.domain.commands import MAX_TRIAL_DAYS, TRIAL_DAYS
from billflow.domain.coupons import AttachedCoupon, check_redeemable
from billflow.domain.customer import CustomerTerms, minimum_licenses, redeemer
from billflow.domain.errors import AlreadySubscribed, InvalidInput, Refused
from billflow.domain.moments import checked_moment
from billflow.domain.money import check_price
from billflow.domain.offers import OfferTerms
from billflow.domain.plan import CollectionMethod, LicenseManagement, Schedule, check_fixed_schedule
from billflow.domain.scopes import Scope, scoped
from billflow.domain.seats import LicenseCheck, SeatObservation, billable_licenses, checked_licenses, seats_of
from billflow.domain.settings import DEFAULT_SETTINGS, BillingSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class StartPlan:
    """What a customer asks for; `fixed_price` is the yearly price of an offer they accept.

    `licenses` may be left out where licenses follow the seats. `trial_days` of 0 means to buy at once. `end_date` is
    for tiers that are given for a time only. `coupon` is the code of one that is redeemed.
    """

    tier: str
    schedule: Schedule
    licenses: int | None = None
    license_management: LicenseManagement = LicenseManagement.AUTOMATIC
    collection_method: CollectionMethod = CollectionMethod.CHARGE_AUTOMATICALLY
    trial_days: int = scoped(default=0, scope=Scope.SUPPORT, up_to=TRIAL_DAYS)
    fixed_price: int | None = scoped(default=None, scope=Scope.SUPPORT)
    offer_id: str | None = None
    end_date: datetime | None = None
    coupon: str | None = None
    scope: ClassVar[Scope] = Scope.WRITE

    def __post_init__(self) -> None:
        if self.licenses is not None:
            checked_licenses(self.licenses)
        if not 0 <= self.trial_days <= MAX_TRIAL_DAYS:
            raise InvalidInput(f"trial_days must lie between 0 and {MAX_TRIAL_DAYS}.", field="trial_days")
        check_price(self.fixed_price, "fixed_price", least=1)
        if self.end_date is not None:
            check_zone(self.end_date, "end_date")
            checked_moment(self.end_date, "end_date")

    @property
    def by_invoice(self) -> bool:
        """Tell whether invoices are sent instead of charging a card."""
        return self.collection_method is CollectionMethod.SEND_INVOICE


@dataclass(frozen=True, slots=True, kw_only=True)
class StartFacts:
    """What the records know of a customer who starts a plan; `plan_id` is the new plan's id.

    `has_offer` tells that a fixed-price offer for the tier waits to be accepted; `offer` is what is accepted now, with
    `sent_by_support` for the invoice that support made at Stripe. `coupon` is the one that is named, as the customer
    would have it.
    """

    plan_id: str
    customer: CustomerTerms
    catalog: Catalog
    has_live_plan: bool = False
    buying: bool = False
    has_offer: bool = False
    offer: OfferTerms | None = None
    coupon: AttachedCoupon | None = None
    sent_by_support: bool = False
    last_observation: SeatObservation | None = None
    settings: BillingSettings = DEFAULT_SETTINGS


def checked_tier(facts: StartFacts, asked: StartPlan, at: datetime) -> Tier:
    """Return the tier that was asked for; raises `InvalidInput` or `Refused` where this customer can't start it."""
    tier = facts.catalog.tier(asked.tier)
    tier.check_sold_for(facts.customer.hosting)
    if facts.has_live_plan:
        raise AlreadySubscribed
    if facts.buying:
        raise Refused("Another purchase waits for its payment; end that one first.", code="purchase_in_progress")
    if asked.trial_days:
        _check_trial(facts, tier, asked)
    _check_terms(tier, asked, at)
    return tier


def redeemed(facts: StartFacts, tier: Tier, asked: StartPlan, at: datetime) -> CustomerTerms:
    """Return the customer's terms with the coupon that is asked for, if any; raises `Refused` (rules 34.2)."""
    if asked.coupon is None:
        return facts.customer
    if facts.coupon is None:
        raise Refused(
            f"There is no coupon {asked.coupon!r}; correct the code, or leave it out.",
            code="unknown_coupon",
            field="coupon",
        )
    tier.check_billable("coupon", "leave coupon out")
    who = redeemer(facts.customer, tier=tier.code, fixed_price=asked.fixed_price is not None)
    check_redeemable(facts.coupon.coupon, who, at)
    return replace(facts.customer, coupon=facts.coupon)


def _check_trial(facts: StartFacts, tier: Tier, asked: StartPlan) -> None:
    if not tier.trial_days or facts.customer.had_plan or facts.has_offer or asked.fixed_price is not None:
        raise Refused(
            "A trial is for customers who never had a plan, on tiers that offer one, at list price; "
            "leave trial_days out.",
            code="trial_not_available",
            field="trial_days",
        )


def _check_terms(tier: Tier, asked: StartPlan, at: datetime) -> None:
    if tier.needs_end_date and (asked.end_date is None or asked.end_date <= at):
        raise InvalidInput(f"{tier.name} needs an end_date in the future.", code="no_end_date", field="end_date")
    if asked.end_date is not None and not tier.needs_end_date:
        raise InvalidInput(
            f"{tier.name} starts without an end_date; set one on the plan.",
            code="end_date_not_allowed",
            field="end_date",
        )
    if asked.fixed_price is not None:
        tier.check_billable("fixed_price", "leave fixed_price out")
        check_fixed_schedule(asked.schedule)


def checked_purchase(facts: StartFacts, tier: Tier, asked: StartPlan) -> int:
    """Return how many licenses to buy: the seats' own number, or the one asked for (rules 7.1).

    Raises `NotEnoughLicenses` or `TooManyLicenses`. A fixed price holds for any number: the one asked for, else
    what the seats call for, and none where support sent the invoice (rules 13).
    """
    customer = facts.customer
    seats = seats_of(tier.seat_rule, facts.last_observation)
    if asked.fixed_price is not None:
        needed = 0 if facts.sent_by_support else max(seats, minimum_licenses(tier, customer))
        return asked.licenses or needed
    trial_by_invoice = asked.by_invoice and asked.trial_days > 0
    minimum = minimum_licenses(tier, customer, trial_by_invoice=trial_by_invoice)
    exempt, most = customer.exempt_from_license_number_check, tier.maximum_licenses
    bounds = LicenseCheck(seats=seats, minimum=minimum, maximum=most, exempt=exempt)
    if asked.license_management is LicenseManagement.AUTOMATIC and not asked.by_invoice:
        wanted = max(billable_licenses(seats, minimum, exempt=exempt, asked=asked.licenses), 1)
        bounds.check_maximum(wanted)
        return wanted
    return bounds.check(asked.licenses)
