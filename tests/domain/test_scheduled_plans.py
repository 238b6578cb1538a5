"""The plan that was scheduled to follow, or that an offer begins: what it costs and when it starts."""

from dataclasses import replace
from datetime import datetime

import pytest

from billflow.domain.billing_dates import process_billing_date
from billflow.domain.catalog import Hosting
from billflow.domain.commands import ScheduleTierAtPlanEnd, UpgradeTierNow
from billflow.domain.errors import Refused
from billflow.domain.lifecycle import take_command
from billflow.domain.offers import OfferTerms
from billflow.domain.plan import CollectionMethod, InvoicingStatus, LicenseManagement, Plan, PlanStatus, Schedule
from billflow.domain.step import Facts
from tests.domain.builders import DAY, START, a_customer, a_plan, an_entry, at, seats, some_facts
from tests.domain.test_successors import DUE, begun, successor


def complimentary(**changes: object) -> Facts:
    """Return the facts of complimentary access of eleven seats that ends on DUE."""
    free = a_plan(
        tier="self_hosted_complimentary",
        price_per_license=0,
        schedule=Schedule.ANNUAL,
        license_management=LicenseManagement.MANUAL,
        discount_percent="10",
        next_invoice_date=DUE - DAY,
        end_date=DUE,
    )
    facts = some_facts(
        plan=free,
        customer=a_customer(hosting=Hosting.SELF_HOSTED),
        ledger=(an_entry(1, START, 11),),
        last_observation=seats(START, 11),
    )
    return replace(facts, **changes)  # type: ignore[arg-type]


def test_a_tier_is_scheduled_at_list_price_with_its_minimum_of_licenses() -> None:
    facts = complimentary()
    outcome = take_command(facts, ScheduleTierAtPlanEnd(tier="self_hosted_business"), START + DAY)

    assert outcome.scheduled == begun(
        facts.plan,
        DUE,
        tier="self_hosted_business",
        status=PlanStatus.NEVER_STARTED,
        end_date=None,
        price_per_license=8000,
        discount_percent=None,
    )
    assert (outcome.plan.status, outcome.plan.next_invoice_date) == (PlanStatus.SWITCH_PLAN_TIER_AT_PLAN_END, DUE)
    assert [(e.licenses, e.licenses_at_next_renewal, e.event_time) for e in outcome.entries] == [(11, 25, START + DAY)]
    assert [e.data for e in outcome.events] == [{"tier": "self_hosted_business"}]


def test_a_tier_is_scheduled_on_another_schedule_or_at_a_fixed_price_for_a_year() -> None:
    facts = complimentary()
    monthly = ScheduleTierAtPlanEnd(tier="self_hosted_business", schedule=Schedule.MONTHLY)
    fixed = ScheduleTierAtPlanEnd(tier="self_hosted_enterprise", schedule=Schedule.MONTHLY, fixed_price=240_000)

    listed = take_command(facts, monthly, START + DAY).scheduled
    at_a_price = take_command(facts, fixed, START + DAY)

    assert listed is not None
    assert (listed.schedule, listed.price_per_license) == (Schedule.MONTHLY, 800)
    assert at_a_price.scheduled == begun(
        facts.plan,
        DUE,
        tier="self_hosted_enterprise",
        schedule=Schedule.MONTHLY,
        status=PlanStatus.NEVER_STARTED,
        price_per_license=None,
        fixed_price=240_000,
        discount_percent=None,
        license_management=LicenseManagement.AUTOMATIC,
        end_date=at("2025-02-28T10:00"),
    )
    assert at_a_price.entries == ()


def test_access_that_is_given_for_years_is_followed_when_it_ends() -> None:
    facts = complimentary()
    years = replace(facts, plan=replace(facts.plan, end_date=at("2027-06-30")))

    outcome = take_command(years, ScheduleTierAtPlanEnd(tier="self_hosted_business"), START + DAY)

    assert outcome.scheduled is not None
    assert outcome.scheduled.billing_cycle_anchor == at("2027-06-30")


def test_a_plan_that_is_paid_for_is_followed_by_a_higher_tier_at_its_next_cycle_end() -> None:
    outcome = take_command(some_facts(plan=a_plan(end_date=DUE)), ScheduleTierAtPlanEnd(tier="cloud_plus"), START + DAY)

    assert outcome.scheduled is not None
    assert (outcome.scheduled.tier, outcome.scheduled.price_per_license) == ("cloud_plus", 1200)
    with pytest.raises(Refused) as refusal:
        take_command(some_facts(plan=a_plan(end_date=DUE + DAY)), ScheduleTierAtPlanEnd(tier="cloud_plus"), START + DAY)
    assert refusal.value.code == "no_end_date"


@pytest.mark.parametrize("tier", ["self_hosted_community", "cloud_enterprise"])
def test_a_fixed_price_follows_only_for_a_paid_tier_of_the_same_hosting(tier: str) -> None:
    with pytest.raises(Refused) as refusal:
        take_command(complimentary(), ScheduleTierAtPlanEnd(tier=tier, fixed_price=1), START + DAY)

    assert (refusal.value.code, refusal.value.field) == ("invalid_tier_change", "tier")


def test_an_offer_for_another_way_of_hosting_does_not_replace_complimentary_access() -> None:
    offer = OfferTerms(tier="cloud_enterprise", currency="USD", fixed_price=1)
    command = UpgradeTierNow(tier="cloud_enterprise", offer_id="offer")

    with pytest.raises(Refused) as refusal:
        take_command(complimentary(offer=offer), command, START + DAY)

    assert refusal.value.code == "invalid_tier_change"


def test_a_fixed_price_offer_for_a_tier_without_a_list_price_replaces_complimentary_access() -> None:
    offer = OfferTerms(tier="self_hosted_enterprise", currency="USD", fixed_price=120_000)
    command = UpgradeTierNow(tier="self_hosted_enterprise", offer_id="offer")
    facts = complimentary(offer=offer)

    plan = successor(take_command(facts, command, START + DAY)).plan

    terms = begun(
        facts.plan,
        START + DAY,
        tier="self_hosted_enterprise",
        price_per_license=None,
        fixed_price=120_000,
        discount_percent=None,
        license_management=LicenseManagement.AUTOMATIC,
        end_date=at("2025-02-01T10:00"),
    )
    assert plan == replace(
        terms,
        offer_id="offer",
        next_invoice_date=at("2024-03-01T10:00"),
        invoicing_status=InvoicingStatus.DONE,
    )


def test_an_offer_of_a_minimum_is_the_minimum_of_the_plan_it_begins() -> None:
    offer = OfferTerms(tier="self_hosted_business", currency="USD", annual_discounted_price=6000, minimum_licenses=15)
    command = UpgradeTierNow(tier="self_hosted_business", offer_id="offer")

    after = successor(take_command(complimentary(offer=offer), command, START + DAY))

    assert [e.licenses for e in after.entries] == [15]
    assert (after.plan.price_per_license, after.plan.discount_percent) == (6000, "25")


def waiting(follower: Plan, **changes: object) -> Facts:
    """Return the facts of complimentary access that hands over to *follower* on DUE, with fresh seats."""
    facts = complimentary(next_plan=follower, observations=(seats(DUE, 30),), **changes)
    return replace(
        facts,
        plan=replace(facts.plan, status=PlanStatus.SWITCH_PLAN_TIER_AT_PLAN_END, next_invoice_date=DUE),
        ledger=(an_entry(1, START, 11, 30),),
    )


FOLLOWER = a_plan(
    id="next",
    tier="self_hosted_business",
    status=PlanStatus.NEVER_STARTED,
    collection_method=CollectionMethod.SEND_INVOICE,
    license_management=LicenseManagement.MANUAL,
    billing_cycle_anchor=START,
    next_invoice_date=START,
)


@pytest.mark.parametrize(
    ("price", "end_date", "ends"),
    [
        ({}, None, None),
        ({}, at("2024-12-24"), at("2024-12-24")),
        ({"price_per_license": None, "fixed_price": 120_000}, START, at("2025-02-28T10:00")),
    ],
)
def test_a_scheduled_plan_starts_when_its_predecessor_ends(
    price: dict[str, int | None], end_date: datetime | None, ends: datetime | None
) -> None:
    follower = replace(FOLLOWER, **price, end_date=end_date)  # type: ignore[arg-type]

    outcome = process_billing_date(waiting(follower), DUE)

    after = successor(outcome)
    assert after.plan == replace(
        follower,
        status=PlanStatus.ACTIVE,
        billing_cycle_anchor=DUE,
        next_invoice_date=at("2024-03-29T10:00"),
        end_date=ends,
        collection_method=CollectionMethod.CHARGE_AUTOMATICALLY,
        seats_observed_through=DUE,
        predecessor_id="plan",
        invoicing_status=InvoicingStatus.DONE,
    )
    assert [(e.licenses, e.licenses_at_next_renewal, e.is_renewal) for e in after.entries] == [(30, 30, True)]
    assert [e.data["reason"] for e in outcome.events if e.type == "plan.ended"] == ["switched_tier"]


def test_a_scheduled_plan_knows_the_seats_that_its_predecessor_had_taken_in() -> None:
    ending = a_plan(status=PlanStatus.SWITCH_PLAN_TIER_AT_PLAN_END, end_date=DUE)
    follower = replace(FOLLOWER, tier="cloud_plus", price_per_license=1200, billing_cycle_anchor=DUE)
    facts = some_facts(plan=ending, next_plan=follower, observations=(seats(START + DAY, 12),))

    after = successor(process_billing_date(facts, DUE))

    assert after.plan.seats_observed_through == START + DAY
    assert [invoice.total for invoice in after.invoices] == [12 * 1200]
