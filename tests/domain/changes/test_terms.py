"""Changing what a plan costs, how it is paid, when it ends, and who counts."""

from dataclasses import replace

import pytest

from billflow.domain.billing_dates import process_billing_date
from billflow.domain.catalog import Hosting
from billflow.domain.commands import ApplyDiscount, SetCollectionMethod, SetEndDate, SetLicenseManagement
from billflow.domain.errors import BillingError, Refused
from billflow.domain.lifecycle import take_command
from billflow.domain.plan import CollectionMethod, LicenseManagement, PlanStatus
from billflow.domain.projection import after
from tests.domain.builders import DAY, START, a_customer, a_plan, at, seats, some_facts

DISCOUNT = ApplyDiscount(monthly_discounted_price=600, annual_discounted_price=0)
DUE = at("2024-02-29T10:00")


def test_a_discount_reprices_the_plan_from_now_on_and_ends_the_flat_discount() -> None:
    outcome = take_command(some_facts(customer=a_customer(flat_discounted_months=7)), DISCOUNT, START + DAY)

    assert (outcome.plan.price_per_license, outcome.plan.discount_percent) == (600, "25")
    assert outcome.customer.flat_discounted_months == 0
    assert outcome.invoices == ()


def test_licenses_added_before_a_discount_are_billed_at_the_price_they_had() -> None:
    facts = some_facts(observations=(seats(START, 12),))
    outcome = take_command(facts, DISCOUNT, START + DAY)
    renewed = process_billing_date(after(facts, outcome), DUE)

    assert [(line.quantity, line.unit_amount) for line in outcome.invoices[0].lines] == [(2, 800)]
    assert [(line.quantity, line.unit_amount) for line in renewed.invoices[0].lines] == [(12, 600)]


def test_nothing_is_billed_for_a_discount_during_a_suspension() -> None:
    customer = a_customer(suspended_since=START + DAY)
    outcome = take_command(some_facts(observations=(seats(START, 12),), customer=customer), DISCOUNT, START + 2 * DAY)

    assert outcome.plan.price_per_license == 600
    assert outcome.invoices == ()


def test_during_complimentary_access_the_discount_is_for_the_plan_that_follows() -> None:
    plan = a_plan(
        tier="self_hosted_complimentary",
        price_per_license=0,
        status=PlanStatus.SWITCH_PLAN_TIER_AT_PLAN_END,
        next_invoice_date=DUE,
        end_date=DUE,
    )
    follower = a_plan(id="next", tier="self_hosted_business", status=PlanStatus.NEVER_STARTED)
    facts = some_facts(plan=plan, next_plan=follower, customer=a_customer(hosting=Hosting.SELF_HOSTED))

    outcome = take_command(facts, DISCOUNT, START + DAY)

    assert outcome.scheduled is not None
    assert (outcome.scheduled.id, outcome.scheduled.price_per_license) == ("next", 600)
    assert outcome.customer.required_plan_tier == "self_hosted_business"
    assert outcome.plan.price_per_license == 0


def test_a_discount_leaves_a_fixed_price_that_follows_as_it_was_agreed() -> None:
    plan = a_plan(
        tier="self_hosted_complimentary",
        price_per_license=0,
        status=PlanStatus.SWITCH_PLAN_TIER_AT_PLAN_END,
        next_invoice_date=DUE,
        end_date=DUE,
    )
    follower = a_plan(id="next", tier="self_hosted_business", price_per_license=None, fixed_price=120_000)
    facts = some_facts(plan=plan, next_plan=follower, customer=a_customer(hosting=Hosting.SELF_HOSTED))
    both = ApplyDiscount(monthly_discounted_price=600, annual_discounted_price=6500)

    outcome = take_command(facts, both, START + DAY)

    assert outcome.scheduled is None
    assert outcome.customer == replace(
        facts.customer,
        required_plan_tier="self_hosted_business",
        monthly_discounted_price=600,
        annual_discounted_price=6500,
        flat_discounted_months=0,
    )


def test_a_plan_that_costs_nothing_has_no_discount() -> None:
    free = a_plan(tier="self_hosted_complimentary", price_per_license=0)

    with pytest.raises(Refused) as refusal:
        take_command(some_facts(plan=free), DISCOUNT, START + DAY)

    assert refusal.value.code == "not_a_paid_plan"


def test_a_later_end_date_of_complimentary_access_moves_its_only_visit() -> None:
    plan = a_plan(tier="self_hosted_complimentary", price_per_license=0, end_date=DUE, next_invoice_date=DUE)
    later = SetEndDate(end_date=DUE + 30 * DAY)

    outcome = take_command(some_facts(plan=plan), later, START + DAY)

    assert outcome.plan.end_date == outcome.plan.next_invoice_date == DUE + 30 * DAY


def test_an_end_date_in_the_past_is_refused() -> None:
    with pytest.raises(BillingError) as refusal:
        take_command(some_facts(), SetEndDate(end_date=START), START + DAY)

    assert refusal.value.code == "end_date_in_the_past"


def test_licenses_that_begin_to_follow_the_seats_do_so_at_once() -> None:
    manual = some_facts(
        plan=a_plan(license_management=LicenseManagement.MANUAL), observations=(seats(START + DAY, 14),)
    )
    command = SetLicenseManagement(license_management=LicenseManagement.AUTOMATIC)

    assert take_command(manual, command, START + 2 * DAY).entries[-1].licenses == 14


@pytest.mark.parametrize(
    "command",
    [
        SetCollectionMethod(collection_method=CollectionMethod.CHARGE_AUTOMATICALLY),
        SetLicenseManagement(license_management=LicenseManagement.AUTOMATIC),
    ],
)
def test_asking_for_what_is_so_already_changes_nothing(
    command: SetCollectionMethod | SetLicenseManagement,
) -> None:
    with pytest.raises(Refused) as refusal:
        take_command(some_facts(), command, START + DAY)

    assert refusal.value.code == "no_change"


def test_commands_count_in_whole_seconds() -> None:
    moment = (START + DAY).replace(microsecond=987_654)
    manual = replace(some_facts(), plan=a_plan(license_management=LicenseManagement.MANUAL))
    command = SetLicenseManagement(license_management=LicenseManagement.AUTOMATIC)

    assert take_command(manual, command, moment).at == START + DAY
