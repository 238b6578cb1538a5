"""Moving to another tier: at once with a credit, or at the plan's end."""

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billflow.domain.additions import ChargedLine
from billflow.domain.calendar import Period
from billflow.domain.catalog import Hosting
from billflow.domain.commands import ScheduleTierAtPlanEnd, UpgradeTierNow
from billflow.domain.errors import BillingError, Refused
from billflow.domain.lifecycle import take_command
from billflow.domain.offers import OfferTerms
from billflow.domain.plan import CollectionMethod, LicenseManagement, PlanStatus, Schedule
from billflow.domain.step import Facts
from tests.domain.builders import DAY, START, a_customer, a_plan, an_entry, at, seats, some_facts, usd

DUE = at("2024-02-29T10:00")
CYCLE = Period(START, DUE)
HALF = START + (DUE - START) / 2


def paid_for(*amounts: int, **changes: object) -> Facts:
    lines = tuple(ChargedLine(amount, CYCLE, paid=True) for amount in amounts)
    return replace(some_facts(charged=lines), **changes)  # type: ignore[arg-type]


def test_the_unused_share_of_every_line_is_credited_discounts_counted() -> None:
    outcome = take_command(paid_for(8000, 801, -2000), UpgradeTierNow(tier="cloud_plus"), HALF)

    assert outcome.credit == 3401


def test_a_purchase_that_was_invoiced_before_its_plan_began_pays_for_the_whole_cycle() -> None:
    invoiced = Period(START - 20 * DAY, DUE - 20 * DAY)
    facts = some_facts(charged=(ChargedLine(8000, invoiced, paid=True),))

    outcome = take_command(facts, UpgradeTierNow(tier="cloud_plus"), HALF)

    assert outcome.credit == 4000


def test_shares_of_what_was_refunded_are_rounded_once_with_the_rest() -> None:
    kept = ChargedLine(Fraction(801, 4), CYCLE, paid=True)
    outcome = take_command(some_facts(charged=(kept, kept)), UpgradeTierNow(tier="cloud_plus"), START)

    assert outcome.credit == 401


def test_the_higher_tier_starts_at_once_with_at_least_its_minimum() -> None:
    facts = paid_for(7200, ledger=(an_entry(1, START, 9),), last_observation=seats(START, 9))
    outcome = take_command(facts, UpgradeTierNow(tier="cloud_plus"), START)

    assert outcome.successor is not None
    assert (outcome.plan.status, outcome.plan.end_date) == (PlanStatus.ENDED, START)
    assert outcome.successor.invoices[0].total - outcome.credit == usd("48")
    assert outcome.successor.plan.next_invoice_date == DUE


def test_additions_not_billed_yet_are_billed_up_to_now_only() -> None:
    facts = paid_for(8000, observations=(seats(START, 11),))
    outcome = take_command(facts, UpgradeTierNow(tier="cloud_plus"), HALF)

    assert [(line.quantity, line.amount) for line in outcome.invoices[0].lines] == [(1, 400)]


def test_an_open_invoice_is_paid_before_it_is_credited() -> None:
    facts = paid_for(charged=(ChargedLine(8000, CYCLE, paid=False),))

    with pytest.raises(Refused) as refusal:
        take_command(facts, UpgradeTierNow(tier="cloud_plus"), HALF)

    assert refusal.value.code == "open_invoice"


def test_manual_plans_keep_at_least_the_licenses_agreed_for_the_next_cycle() -> None:
    manual = paid_for(8000, plan=a_plan(license_management=LicenseManagement.MANUAL), ledger=(an_entry(1, START, 40),))
    outcome = take_command(manual, UpgradeTierNow(tier="cloud_plus"), HALF)

    assert outcome.successor is not None
    assert outcome.successor.entries[0].licenses == 40


def test_basic_becomes_business_at_once_with_a_credit() -> None:
    facts = paid_for(
        3500,
        plan=a_plan(tier="self_hosted_basic", price_per_license=350),
        customer=a_customer(hosting=Hosting.SELF_HOSTED),
    )
    outcome = take_command(facts, UpgradeTierNow(tier="self_hosted_business"), HALF)

    assert outcome.plan.status is PlanStatus.ENDED
    assert outcome.credit == 1750
    assert outcome.successor is not None
    assert outcome.successor.invoices[0].total == 25 * usd("8")


def test_complimentary_access_becomes_a_paid_plan_at_once_without_a_credit() -> None:
    complimentary = a_plan(
        tier="self_hosted_complimentary",
        price_per_license=0,
        schedule=Schedule.ANNUAL,
        next_invoice_date=DUE,
        end_date=DUE,
    )
    customer = a_customer(hosting=Hosting.SELF_HOSTED, flat_discounted_months=12)
    facts = some_facts(plan=complimentary, customer=customer)
    outcome = take_command(facts, UpgradeTierNow(tier="self_hosted_basic", schedule=Schedule.MONTHLY), START + DAY)

    assert outcome.credit == 0
    assert outcome.invoices == ()
    assert outcome.successor is not None
    plan = outcome.successor.plan
    assert (plan.schedule, plan.price_per_license, plan.end_date) == (Schedule.MONTHLY, 350, None)
    assert outcome.successor.invoices[0].total == 10 * 350 - 2000


def complimentary(**changes: object) -> Facts:
    """Return the facts of complimentary access that twelve people use, with an offer to accept."""
    free = a_plan(
        tier="self_hosted_complimentary",
        price_per_license=0,
        schedule=Schedule.ANNUAL,
        next_invoice_date=DUE,
        end_date=DUE,
    )
    offer = OfferTerms(tier="self_hosted_business", currency="USD", fixed_price=120_000, expires_at=DUE)
    customer = a_customer(hosting=Hosting.SELF_HOSTED, flat_discounted_months=12)
    facts = some_facts(plan=free, customer=customer, last_observation=seats(START, 12), offer=offer)
    return replace(facts, **changes)  # type: ignore[arg-type]


ACCEPT = UpgradeTierNow(
    tier="self_hosted_business",
    schedule=Schedule.MONTHLY,
    collection_method=CollectionMethod.SEND_INVOICE,
    offer_id="offer",
)

OVER = OfferTerms(tier="self_hosted_business", currency="USD", fixed_price=1, expires_at=START)


def test_a_fixed_price_offer_takes_the_place_of_complimentary_access_at_once() -> None:
    outcome = take_command(complimentary(), ACCEPT, START + DAY)

    assert outcome.plan.status is PlanStatus.ENDED
    assert outcome.successor is not None
    plan, [invoice] = outcome.successor.plan, outcome.successor.invoices
    assert (plan.fixed_price, plan.price_per_license, plan.offer_id) == (120_000, None, "offer")
    assert (plan.billing_cycle_anchor, plan.end_date) == (START + DAY, at("2025-02-01T10:00"))
    assert (invoice.total, invoice.terms.collection_method) == (10_000, CollectionMethod.SEND_INVOICE)
    assert outcome.successor.customer.flat_discounted_months == 12


def test_an_offer_of_prices_per_license_binds_them_to_the_tier() -> None:
    offer = OfferTerms(tier="self_hosted_business", currency="USD", monthly_discounted_price=500, minimum_licenses=5)
    outcome = take_command(complimentary(offer=offer), ACCEPT, START + DAY)

    assert outcome.successor is not None
    assert outcome.successor.invoices[0].total == 12 * 500
    terms = outcome.successor.customer
    assert (terms.required_plan_tier, terms.flat_discounted_months) == ("self_hosted_business", 0)


@pytest.mark.parametrize(
    ("facts", "command", "code"),
    [
        (complimentary(offer=None), ACCEPT, "offer_not_open"),
        (complimentary(), replace(ACCEPT, tier="self_hosted_basic"), "offer_terms_differ"),
        (complimentary(plan=a_plan(tier="self_hosted_basic")), ACCEPT, "live_plan"),
        (
            complimentary(
                offer=OfferTerms(tier="self_hosted_business", currency="USD", fixed_price=1, expires_at=START)
            ),
            ACCEPT,
            "offer_expired",
        ),
    ],
)
def test_an_offer_that_is_none_over_or_for_another_plan_is_refused(
    facts: Facts, command: UpgradeTierNow, code: str
) -> None:
    with pytest.raises(Refused) as refusal:
        take_command(facts, command, START + DAY)

    assert refusal.value.code == code


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (UpgradeTierNow(tier="cloud_standard"), "invalid_tier_change"),
        (UpgradeTierNow(tier="self_hosted_basic"), "invalid_tier_change"),
        (UpgradeTierNow(tier="gold"), "unknown_tier"),
        (ScheduleTierAtPlanEnd(tier="cloud_plus"), "no_end_date"),
        (ScheduleTierAtPlanEnd(tier="self_hosted_basic", fixed_price=1), "invalid_tier_change"),
    ],
)
def test_a_move_that_is_no_path_is_refused(command: UpgradeTierNow | ScheduleTierAtPlanEnd, code: str) -> None:
    with pytest.raises(BillingError) as refusal:
        take_command(paid_for(8000), command, HALF)

    assert refusal.value.code == code


@given(amounts=st.lists(st.integers(0, 10**7), max_size=6), second=st.integers(0, 29 * 86_400))
def test_a_credit_never_exceeds_what_was_paid(amounts: list[int], second: int) -> None:
    moment = min(START + second * (DAY / 86_400), DUE - DAY / 86_400)
    outcome = take_command(paid_for(*amounts), UpgradeTierNow(tier="cloud_plus"), moment)

    assert 0 <= outcome.credit <= sum(amounts)
